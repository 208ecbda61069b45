-- Which addresses, domains and destinations each account of the pattern used from which source IP; without the ones
-- that occur once or twice, unless the complaint names them.
SELECT account, source_ip, header_from, from_domain, recipient_domain, GROUPING(header_from) AS g_header_from,
  GROUPING(from_domain) AS g_from_domain, GROUPING(recipient_domain) AS g_recipient_domain, sum(messages) AS messages
FROM pattern
GROUP BY GROUPING SETS ((account, source_ip, header_from), (account, source_ip, from_domain),
  (account, source_ip, recipient_domain))
HAVING sum(messages) > 2 OR header_from IN $froms
