-- Defines `pattern`: messages that went through the hole in the relay rule. Null envelope sender, a Sender of the
-- sending account, a From of another account (the one cell of the truth table that only the 2019 rule accepts).
-- direct: the complaint names this account or message, or it came from the campaign's own source IP.
-- linked: has the same From domain or destination, which an innocent forward can have too.
WITH pairs AS (
  SELECT DISTINCT from_domain, sender_domain FROM log
  WHERE ($timeless OR time >= CAST($since AS TIMESTAMP)) AND envelope_from = '' AND from_domain <> sender_domain
),
seen AS (SELECT from_domain AS domain FROM pairs UNION SELECT sender_domain AS domain FROM pairs),
/* owners */
pattern AS (
  SELECT l.time, l.account, l.source_ip, l.header_from, l.header_sender, l.envelope_from, l.recipient_domain,
    l.from_domain, f.account AS from_owner, 1 AS forged,
    CASE WHEN l.account IN $named OR l.id IN $ids OR l.source_ip IN $source_ips THEN 1 ELSE 0 END AS direct,
    CASE WHEN l.from_domain IN $from_domains OR l.recipient_domain IN $destinations THEN 1 ELSE 0 END AS linked
  FROM log l
  JOIN owned s ON s.domain = l.sender_domain AND s.account = l.account
  JOIN owned f ON f.domain = l.from_domain
  WHERE ($timeless OR l.time >= CAST($since AS TIMESTAMP)) AND l.envelope_from = '' AND f.account <> l.account
)
