-- Makes `pattern`: the submissions in somebody else's name. With a null envelope that is the hole of the rule of 2019:
-- a Sender of the sending account's, a From of another's. $hosted asks for a From that is another's here, otherwise for
-- one that is hosted nowhere here. Where the log has no account, the owner of the Sender domain stands for it; where a
-- single message has none, nobody does: nobody has vouched for its Sender. Mail of the provider itself is not in
-- somebody else's name; it comes from an account that the directory does not know.
SELECT r.account, r.source_ip, r.header_from, r.header_sender, r.envelope_from, r.recipient_domain, r.from_domain,
  f.account AS from_owner, 1 AS forged, 0 AS direct, 0 AS alike, 0 AS same_id, 0 AS same_subject, r.messages, r.first_seen, r.last_seen
FROM (
  SELECT CASE WHEN $no_account THEN s.account WHEN p.account <> '' THEN p.account END AS account,
    s.account AS sender_owner,
    p.source_ip, p.header_from, p.header_sender, p.envelope_from, p.recipient_domain, p.from_domain, p.messages,
    p.first_seen, p.last_seen
  FROM submissions p
  LEFT JOIN owned s ON s.domain = p.sender_domain
) r
LEFT JOIN owned f ON f.domain = r.from_domain
LEFT JOIN (SELECT account FROM accounts UNION SELECT account FROM domains) k ON k.account = r.account
WHERE r.account IS NOT NULL AND ($wide OR $no_sender OR r.sender_owner = r.account)
  AND NOT (COALESCE(f.account, '-') = '' AND k.account IS NULL)
  AND (($hosted AND f.account <> r.account) OR (NOT $hosted AND f.account IS NULL))
