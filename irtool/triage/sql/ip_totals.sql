-- All mail of the span by source IP, for the source IPs of the pattern.
SELECT s.source_ip, sum(s.messages) AS messages
FROM sent s
JOIN (SELECT DISTINCT source_ip FROM pattern) p ON p.source_ip = s.source_ip
GROUP BY s.source_ip
