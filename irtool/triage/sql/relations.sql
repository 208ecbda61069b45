-- Makes `judged`: whose each identity is, seen from the account that submits. No log says whose a source IP is: what a
-- gateway took under an account's name counts as that account's, and without an account as nobody's. An account that the
-- directory does not know is the provider's, whose domains it need not know either.
SELECT s.account, s.envelope_domain, s.sender_domain, s.from_domain, s.messages,
  CASE WHEN s.envelope_domain = '' THEN 'null' WHEN e.account IS NULL THEN 'foreign'
    WHEN e.account = s.owner_key THEN 'own' ELSE 'other' END AS envelope,
  CASE WHEN s.sender_domain IS NULL THEN 'absent' WHEN h.account IS NULL THEN 'foreign'
    WHEN h.account = s.owner_key THEN 'own' ELSE 'other' END AS sender,
  CASE WHEN f.account IS NULL THEN 'foreign' WHEN f.account = s.owner_key THEN 'own' ELSE 'other' END AS from_header,
  CASE WHEN s.account IS NULL OR s.account = '' THEN 'not-own' ELSE 'own' END AS ip
FROM (
  SELECT p.account, p.envelope_domain, p.sender_domain, p.from_domain, p.messages,
    CASE WHEN k.account IS NULL THEN '' ELSE p.account END AS owner_key
  FROM submitted p
  LEFT JOIN (SELECT account FROM accounts UNION SELECT account FROM domains) k ON k.account = p.account
) s
LEFT JOIN owned e ON e.domain = s.envelope_domain
LEFT JOIN owned h ON h.domain = s.sender_domain
LEFT JOIN owned f ON f.domain = s.from_domain
