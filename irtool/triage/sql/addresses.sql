-- All messages of the span, campaign or not, that name one of the addresses in the envelope, in Sender or in From.
-- A message that names it twice counts once.
SELECT address, count(*) AS messages
FROM (
  SELECT header_sender AS address FROM log
  WHERE ($timeless OR time >= CAST($since AS TIMESTAMP)) AND header_sender IN $addresses
  UNION ALL
  SELECT envelope_from AS address FROM log
  WHERE ($timeless OR time >= CAST($since AS TIMESTAMP)) AND envelope_from IN $addresses
    AND (header_sender IS NULL OR header_sender <> envelope_from)
  UNION ALL
  SELECT header_from AS address FROM log
  WHERE ($timeless OR time >= CAST($since AS TIMESTAMP)) AND header_from IN $addresses
    AND (header_sender IS NULL OR header_sender <> header_from)
    AND (envelope_from IS NULL OR envelope_from <> header_from)
) named
GROUP BY address
