-- Makes `reported`: the messages of the complaints as the gateway logged them.
SELECT account, source_ip, header_from, recipient_domain, count(*) AS messages
FROM log
WHERE ($timeless OR time >= CAST($since AS TIMESTAMP)) AND id IN $ids
GROUP BY account, source_ip, header_from, recipient_domain
