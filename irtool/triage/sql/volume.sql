-- The campaign over time: its messages in each $unit that has any. A message is of the campaign if it is of one of the
-- groups that `campaign` is rolled up by; the same_ columns tell messages of one group apart. Where a message goes to
-- decides only if it was found by its traits.
SELECT began, count(*) AS messages
FROM (
  SELECT date_trunc($unit, l.time) AS began
  FROM (
    SELECT time, source_ip, header_from, header_sender, envelope_from,
      CASE WHEN $by_traits THEN recipient_domain END AS recipient_domain,
      CASE WHEN $no_account THEN '' ELSE COALESCE(account, '') END AS account,
      CASE WHEN $by_traits AND id IN $ids THEN 1 ELSE 0 END AS same_id,
      CASE WHEN $by_traits AND subject IN $subjects THEN 1 ELSE 0 END AS same_subject
    FROM log
    WHERE time >= CAST($first AS TIMESTAMP) AND time <= CAST($last AS TIMESTAMP)
      AND ($no_account OR COALESCE(account, '') IN (SELECT account FROM campaign))
  ) l
  JOIN (
    SELECT DISTINCT source_ip, header_from, header_sender, envelope_from, same_id, same_subject,
      CASE WHEN $by_traits THEN recipient_domain END AS recipient_domain,
      CASE WHEN $no_account THEN '' ELSE account END AS account
    FROM campaign
  ) c ON c.account = l.account AND c.same_id = l.same_id AND c.same_subject = l.same_subject
    AND COALESCE(c.source_ip, '-') = COALESCE(l.source_ip, '-')
    AND COALESCE(c.header_from, '-') = COALESCE(l.header_from, '-')
    AND COALESCE(c.header_sender, '-') = COALESCE(l.header_sender, '-')
    AND COALESCE(c.envelope_from, '-') = COALESCE(l.envelope_from, '-')
    AND COALESCE(c.recipient_domain, '-') = COALESCE(l.recipient_domain, '-')
) told
GROUP BY began
