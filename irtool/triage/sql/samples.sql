-- The first and the last message of the campaign with each of these From addresses, as the gateway logged them.
SELECT l.time, l.id, l.account, l.source_ip, l.envelope_from, l.header_from, l.header_sender, l.recipient, l.subject
FROM log l
JOIN (
  SELECT header_from, min(first_seen) AS moment FROM campaign WHERE header_from IN $addresses GROUP BY header_from
  UNION SELECT header_from, max(last_seen) AS moment FROM campaign WHERE header_from IN $addresses GROUP BY header_from
) m ON m.header_from = l.header_from
WHERE ($timeless OR l.time = m.moment) AND ($any_envelope OR l.envelope_from = '')
LIMIT 2000
