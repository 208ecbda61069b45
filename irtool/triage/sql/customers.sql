-- For each impersonated owner the forged addresses, the accounts that sent and the domains sent to, the $each largest.
SELECT from_owner, kind, value, messages, first_seen, last_seen
FROM (
  SELECT counted.*, row_number() OVER (PARTITION BY from_owner, kind ORDER BY messages DESC, value) AS place
  FROM (
    SELECT from_owner,
      CASE WHEN GROUPING(header_from) = 0 THEN 'addresses' WHEN GROUPING(account) = 0 THEN 'sent_by'
        ELSE 'destinations' END AS kind,
      COALESCE(header_from, account, recipient_domain) AS value,
      sum(messages) AS messages, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM campaign
    WHERE forged = 1 AND from_owner IN $owners
    GROUP BY GROUPING SETS ((from_owner, header_from), (from_owner, account), (from_owner, recipient_domain))
  ) counted
  WHERE value IS NOT NULL
) ranked
WHERE place <= $each
ORDER BY from_owner, kind, messages DESC, value
