-- All messages of the span, campaign or not, that go to a destination of the campaign, and those that name one of its
-- addresses, rolled up. A column is NULL where the message has nothing of the campaign in it.
SELECT recipient_domain AS destination, CAST(NULL AS VARCHAR) AS sender, CAST(NULL AS VARCHAR) AS envelope,
  CAST(NULL AS VARCHAR) AS from_address, messages
FROM everywhere
WHERE recipient_domain IN (SELECT recipient_domain FROM destinations)
UNION ALL
SELECT CAST(NULL AS VARCHAR) AS destination, sender, envelope, from_address, count(*) AS messages
FROM (
  SELECT
    CASE WHEN header_sender IN (SELECT address FROM addresses) THEN header_sender END AS sender,
    CASE WHEN envelope_from IN (SELECT address FROM addresses) THEN envelope_from END AS envelope,
    CASE WHEN header_from IN (SELECT address FROM addresses) THEN header_from END AS from_address
  FROM log
  WHERE ($timeless OR time >= CAST($since AS TIMESTAMP))
) named
WHERE sender IS NOT NULL OR envelope IS NOT NULL OR from_address IS NOT NULL
GROUP BY sender, envelope, from_address
