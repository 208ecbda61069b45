-- Makes `pattern`: messages that share enough with the complaint. One trait is never enough where the trait is everyday
-- mail: an address counts with the subject or the source IP, if it was forged, or from a trial account.
-- direct: the message-id, or two traits agree. alike: has the complaint's subject, or its forged address.
SELECT account, source_ip, header_from, header_sender, envelope_from, recipient_domain, from_domain, from_owner, forged,
  CASE WHEN agreed = 1 OR (trial = 1 AND same_sender = 1) THEN 1 ELSE 0 END AS direct,
  CASE WHEN same_subject = 1 OR (same_address = 1 AND forged = 1) THEN 1 ELSE 0 END AS alike,
  same_id, same_subject, messages, first_seen, last_seen
FROM (
  SELECT t.account, t.source_ip, t.header_from, t.header_sender, t.envelope_from, t.recipient_domain, t.from_domain,
    t.same_id, t.same_subject, t.same_address, t.same_sender, t.messages, t.first_seen, t.last_seen, f.account AS from_owner,
    CASE WHEN f.account IS NOT NULL AND f.account = t.account THEN 0 ELSE 1 END AS forged,
    CASE WHEN lower(a.plan) LIKE '%trial%' OR lower(a.plan) LIKE 'free%' THEN 1 ELSE 0 END AS trial,
    CASE WHEN t.same_id = 1 OR (t.same_address = 1 AND t.same_subject + t.same_ip > 0) THEN 1 ELSE 0 END AS agreed
  FROM submissions t
  LEFT JOIN owned f ON f.domain = t.from_domain
  LEFT JOIN accounts a ON a.account = t.account
) judged
WHERE agreed = 1 OR (account <> '' AND (same_subject = 1 OR forged = 1 OR trial = 1))
