-- All mail of the span by account, for the accounts of the pattern, with what the directory knows of them.
SELECT s.account, s.messages, a.plan, a.created
FROM (
  SELECT COALESCE(account, '') AS account, sum(messages) AS messages FROM sent GROUP BY COALESCE(account, '')
) s
JOIN (SELECT DISTINCT account FROM pattern) p ON p.account = s.account
LEFT JOIN accounts a ON a.account = s.account
