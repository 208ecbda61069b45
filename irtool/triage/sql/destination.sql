-- All mail of the span to some destinations.
SELECT recipient_domain, count(*) AS messages
FROM log
WHERE ($timeless OR time >= CAST($since AS TIMESTAMP)) AND recipient_domain IN $destinations
GROUP BY recipient_domain
