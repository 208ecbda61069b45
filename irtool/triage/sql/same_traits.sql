-- Defines `pattern`: messages that share enough with the complaint. One trait is never enough where the trait is
-- everyday mail: an address counts with the subject or the source IP, if it was forged, or from a trial account.
-- direct: the message-id, or two traits agree. linked: came from a source IP that the campaign has to itself.
WITH traits AS (
  SELECT l.time, COALESCE(l.account, '') AS account, l.source_ip, l.header_from, l.header_sender, l.envelope_from,
    l.recipient_domain, l.from_domain,
    CASE WHEN l.id IN $ids THEN 1 ELSE 0 END AS same_id,
    CASE WHEN l.subject IN $subjects THEN 1 ELSE 0 END AS same_subject,
    CASE WHEN l.source_ip IN $complaint_ips THEN 1 ELSE 0 END AS same_ip,
    CASE WHEN l.source_ip IN $source_ips THEN 1 ELSE 0 END AS linked,
    CASE WHEN l.header_from IN $addresses OR l.header_sender IN $addresses OR l.envelope_from IN $addresses
      THEN 1 ELSE 0 END AS same_address,
    CASE WHEN l.header_sender IN $senders OR l.envelope_from IN $senders THEN 1 ELSE 0 END AS same_sender
  FROM log l
  WHERE ($timeless OR l.time >= CAST($since AS TIMESTAMP))
    AND (l.id IN $ids OR l.subject IN $subjects OR l.header_from IN $addresses OR l.header_sender IN $addresses
      OR l.envelope_from IN $addresses)
),
seen AS (SELECT DISTINCT from_domain AS domain FROM traits),
/* owners */
judged AS (
  SELECT t.*, f.account AS from_owner,
    CASE WHEN f.account IS NOT NULL AND f.account = t.account THEN 0 ELSE 1 END AS forged,
    CASE WHEN lower(a.plan) LIKE '%trial%' OR lower(a.plan) LIKE 'free%' THEN 1 ELSE 0 END AS trial,
    CASE WHEN t.same_id = 1 OR (t.same_address = 1 AND t.same_subject + t.same_ip > 0) THEN 1 ELSE 0 END AS agreed
  FROM traits t
  LEFT JOIN owned f ON f.domain = t.from_domain
  LEFT JOIN accounts a ON a.account = t.account
),
pattern AS (
  SELECT time, account, source_ip, header_from, header_sender, envelope_from, recipient_domain, from_domain, from_owner,
    forged, CASE WHEN agreed = 1 OR (trial = 1 AND same_sender = 1) THEN 1 ELSE 0 END AS direct, linked
  FROM judged
  WHERE agreed = 1 OR (account <> '' AND (same_subject = 1 OR forged = 1 OR trial = 1))
)
