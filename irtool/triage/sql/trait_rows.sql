-- Makes `submissions`: messages that share a trait with the complaint, rolled up.
SELECT account, source_ip, header_from, header_sender, envelope_from, recipient_domain, from_domain, same_id,
  same_subject, same_ip, same_address, same_sender, count(*) AS messages, min(time) AS first_seen,
  max(time) AS last_seen
FROM (
  SELECT time, COALESCE(account, '') AS account, source_ip, header_from, header_sender, envelope_from,
    recipient_domain, from_domain, from_domain AS sender_domain,
    CASE WHEN id IN $ids THEN 1 ELSE 0 END AS same_id,
    CASE WHEN subject IN $subjects THEN 1 ELSE 0 END AS same_subject,
    CASE WHEN source_ip IN $ips THEN 1 ELSE 0 END AS same_ip,
    CASE WHEN header_from IN $addresses OR header_sender IN $addresses OR envelope_from IN $addresses
      THEN 1 ELSE 0 END AS same_address,
    CASE WHEN header_sender IN $senders OR envelope_from IN $senders THEN 1 ELSE 0 END AS same_sender
  FROM log
  WHERE ($timeless OR time >= CAST($since AS TIMESTAMP))
    AND (id IN $ids OR subject IN $subjects OR header_from IN $addresses OR header_sender IN $addresses
      OR envelope_from IN $addresses)
) marked
GROUP BY account, source_ip, header_from, header_sender, envelope_from, recipient_domain, from_domain, same_id,
  same_subject, same_ip, same_address, same_sender
