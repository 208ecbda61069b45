-- Makes `submitted`: all mail of the span by the identities that a relay rule looks at. A null envelope sender has the
-- domain ''.
SELECT account, CASE WHEN envelope_from = '' THEN '' ELSE envelope_domain END AS envelope_domain, sender_domain,
  from_domain, count(*) AS messages
FROM log
WHERE ($timeless OR time >= CAST($since AS TIMESTAMP))
GROUP BY account, CASE WHEN envelope_from = '' THEN '' ELSE envelope_domain END, sender_domain, from_domain
