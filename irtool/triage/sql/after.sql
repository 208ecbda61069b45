-- Mail of the campaign (its table, as triage left it) that was accepted after $moment, by what can be acted on. What was
-- refused, put off or came back is not counted: it did not go out, or was accepted before.
SELECT l.account, l.source_ip, l.header_sender, l.recipient_domain, count(*) AS messages, max(l.time) AS last_seen
FROM log l
WHERE l.time > CAST($moment AS TIMESTAMP)
  AND NOT (substr(lower(COALESCE(l.status, '')), 1, 4) IN $refused OR substr(COALESCE(l.status, ''), 1, 1) IN ('4', '5'))
  AND EXISTS (
    SELECT 1 FROM campaign c
    WHERE ($no_account OR c.account = COALESCE(l.account, ''))
      AND COALESCE(c.source_ip, '-') = COALESCE(l.source_ip, '-')
      AND COALESCE(c.header_from, '-') = COALESCE(l.header_from, '-')
      AND COALESCE(c.header_sender, '-') = COALESCE(l.header_sender, '-')
      AND COALESCE(c.envelope_from, '-') = COALESCE(l.envelope_from, '-')
      AND COALESCE(c.recipient_domain, '-') = COALESCE(l.recipient_domain, '-')
  )
GROUP BY l.account, l.source_ip, l.header_sender, l.recipient_domain
