-- Makes `submissions`: messages that name somebody in From and somebody else in Sender (or, if $wide, in the envelope),
-- rolled up. What stands behind the last @ of an address is its domain.
SELECT account, source_ip, header_from, header_sender, envelope_from, recipient_domain,
  substr(header_from, length(header_from) - position('@' IN reverse(header_from)) + 2) AS from_domain,
  substr(header_sender, length(header_sender) - position('@' IN reverse(header_sender)) + 2) AS sender_domain,
  messages, first_seen, last_seen
FROM (
  SELECT account, source_ip, header_from, header_sender, envelope_from, recipient_domain,
    count(*) AS messages, min(time) AS first_seen, max(time) AS last_seen
  FROM log
  WHERE ($timeless OR time >= CAST($since AS TIMESTAMP))
    AND ($no_envelope OR ($wide AND envelope_from <> header_from AND envelope_from <> '')
      OR (NOT $wide AND envelope_from = ''))
    AND ($wide OR $no_sender OR header_sender <> header_from)
  GROUP BY account, source_ip, header_from, header_sender, envelope_from, recipient_domain
) rolled
WHERE header_from IS NOT NULL
