-- The campaign counted by everything that can be acted on: for each kind of value the $most with most messages, and how
-- many there are.
SELECT *
FROM (
  SELECT counted.*, row_number() OVER (PARTITION BY kind ORDER BY messages DESC, value) AS place,
    count(*) OVER (PARTITION BY kind) AS size
  FROM (
    SELECT
      CASE WHEN GROUPING(account) = 0 THEN 'account' WHEN GROUPING(source_ip) = 0 THEN 'source_ip'
        WHEN GROUPING(header_from) = 0 THEN 'header_from' WHEN GROUPING(header_sender) = 0 THEN 'header_sender'
        WHEN GROUPING(envelope_from) = 0 THEN 'envelope_from' WHEN GROUPING(from_owner) = 0 THEN 'from_owner'
        WHEN GROUPING(recipient_domain) = 0 THEN 'recipient_domain' ELSE 'whole' END AS kind,
      COALESCE(account, source_ip, header_from, header_sender, envelope_from, from_owner, recipient_domain) AS value,
      from_domain, forged, sum(messages) AS messages, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
      count(DISTINCT account) AS accounts
    FROM campaign
    GROUP BY GROUPING SETS (
      (), (account), (source_ip), (header_from, forged), (header_sender), (envelope_from), (recipient_domain),
      (from_owner, from_domain, forged)
    )
  ) counted
) ranked
WHERE place <= $most
