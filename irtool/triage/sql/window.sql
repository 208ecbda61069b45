-- How many messages the searched span holds.
SELECT count(*) AS messages FROM log WHERE ($timeless OR time >= CAST($since AS TIMESTAMP))
