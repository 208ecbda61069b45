-- The campaign (the pattern's messages of the chosen accounts), counted by everything that can be acted on. Exactly
-- the columns of a row's own grouping set have GROUPING = 0.
SELECT account, source_ip, header_from, forged, header_sender, envelope_from, recipient_domain, from_owner, from_domain,
  GROUPING(account) AS g_account, GROUPING(source_ip) AS g_source_ip, GROUPING(header_from) AS g_header_from,
  GROUPING(header_sender) AS g_header_sender, GROUPING(envelope_from) AS g_envelope_from,
  GROUPING(recipient_domain) AS g_recipient_domain, GROUPING(from_owner) AS g_from_owner,
  count(*) AS messages, min(time) AS first_seen, max(time) AS last_seen
FROM pattern
WHERE account IN $chosen
GROUP BY GROUPING SETS (
  (), (account), (source_ip), (header_from, forged), (header_sender), (envelope_from), (recipient_domain),
  (from_owner, from_domain, forged)
)
