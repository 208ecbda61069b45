-- Mail by the values of one $column, up to $moment and, only what was accepted, after $later.
SELECT value, sum(CASE WHEN time <= CAST($moment AS TIMESTAMP) THEN 1 ELSE 0 END) AS earlier,
  sum(CASE WHEN time > CAST($later AS TIMESTAMP) AND refused = 0 THEN 1 ELSE 0 END) AS since
FROM (
  SELECT
    CASE WHEN $column = 'account' THEN l.account WHEN $column = 'source_ip' THEN l.source_ip
      WHEN $column = 'recipient_domain' THEN l.recipient_domain ELSE l.header_sender END AS value,
    l.time,
    CASE WHEN substr(lower(COALESCE(l.status, '')), 1, 4) IN $refused OR substr(COALESCE(l.status, ''), 1, 1) IN ('4', '5')
      THEN 1 ELSE 0 END AS refused
  FROM log l
) mail
WHERE value IN $values
GROUP BY value
