-- How much of the pattern each account sent from each source IP, and how much mail in all.
SELECT p.account, p.source_ip, p.messages, p.direct, p.alike, s.messages AS sent
FROM (
  SELECT account, source_ip, sum(messages) AS messages, sum(CASE WHEN direct = 1 THEN messages ELSE 0 END) AS direct,
    sum(CASE WHEN alike = 1 THEN messages ELSE 0 END) AS alike
  FROM pattern
  GROUP BY account, source_ip
) p
LEFT JOIN (
  SELECT COALESCE(account, '') AS account, COALESCE(source_ip, '') AS source_ip, sum(messages) AS messages
  FROM sent
  GROUP BY COALESCE(account, ''), COALESCE(source_ip, '')
) s ON s.account = p.account AND s.source_ip = COALESCE(p.source_ip, '')
