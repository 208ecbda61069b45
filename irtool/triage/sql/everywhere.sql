-- Makes `everywhere`: all messages of the span, campaign or not, by destination.
SELECT recipient_domain, count(*) AS messages
FROM log
WHERE ($timeless OR time >= CAST($since AS TIMESTAMP))
GROUP BY recipient_domain
