-- All mail of the span to some destinations.
SELECT recipient_domain, messages
FROM everywhere
WHERE recipient_domain IN $destinations
