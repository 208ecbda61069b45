-- All messages of the span, campaign or not, for the accounts, source IPs and destinations that were found.
SELECT account, source_ip, recipient_domain, GROUPING(account) AS g_account, GROUPING(source_ip) AS g_source_ip,
  GROUPING(recipient_domain) AS g_recipient_domain, count(*) AS messages
FROM log
WHERE ($timeless OR time >= CAST($since AS TIMESTAMP))
  AND (account IN $accounts OR source_ip IN $source_ips OR recipient_domain IN $destinations)
GROUP BY GROUPING SETS ((account), (source_ip), (recipient_domain))
