-- Makes `sent`: all messages of the span, campaign or not, by account and source IP.
SELECT account, source_ip, count(*) AS messages
FROM log
WHERE ($timeless OR time >= CAST($since AS TIMESTAMP))
GROUP BY account, source_ip
