-- Makes `campaign`: the part of the pattern that belongs to it. Of an account that hardly does anything else all of it,
-- of the others what came from certain source IPs, or has a certain From.
SELECT account, source_ip, header_from, header_sender, envelope_from, recipient_domain, from_domain, from_owner, forged,
  same_id, same_subject, messages, first_seen, last_seen
FROM pattern
WHERE account IN $whole
  OR (account IN $partly AND account || ' ' || COALESCE(source_ip, '') IN $pairs)
  OR (account IN $by_from AND header_from IN $froms)
