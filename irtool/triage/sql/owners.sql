-- Defines `owned`: for each domain in `seen` the account that owns it or the nearest of three parents.
parents AS (
  SELECT domain, up1, up2, substr(up2, position('.' IN up2) + 1) AS up3
  FROM (
    SELECT domain, up1, substr(up1, position('.' IN up1) + 1) AS up2
    FROM (SELECT domain, substr(domain, position('.' IN domain) + 1) AS up1 FROM seen WHERE domain IS NOT NULL) one
  ) two
),
owned AS (
  SELECT p.domain, COALESCE(d0.account, d1.account, d2.account, d3.account) AS account
  FROM parents p
  LEFT JOIN domains d0 ON d0.domain = p.domain
  LEFT JOIN domains d1 ON d1.domain = p.up1
  LEFT JOIN domains d2 ON d2.domain = p.up2
  LEFT JOIN domains d3 ON d3.domain = p.up3
),
