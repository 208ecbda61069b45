-- Makes `owned`: for each domain in `names` the account that owns it or the nearest of seven parents; '' is the
-- provider itself, where the directory does not list it.
SELECT domain, account
FROM (
  SELECT n.domain, COALESCE(d0.account, d1.account, d2.account, d3.account, d4.account, d5.account, d6.account,
    d7.account,
    CASE WHEN n.domain IN $own_domains OR n.up1 IN $own_domains OR n.up2 IN $own_domains OR n.up3 IN $own_domains
      OR n.up4 IN $own_domains OR n.up5 IN $own_domains OR n.up6 IN $own_domains OR n.up7 IN $own_domains
      THEN '' END) AS account
  FROM (
    SELECT a.domain, a.up1, a.up2, a.up3, a.up4, a.up5, a.up6, substr(a.up6, position('.' IN a.up6) + 1) AS up7 FROM (
    SELECT b.domain, b.up1, b.up2, b.up3, b.up4, b.up5, substr(b.up5, position('.' IN b.up5) + 1) AS up6 FROM (
    SELECT c.domain, c.up1, c.up2, c.up3, c.up4, substr(c.up4, position('.' IN c.up4) + 1) AS up5 FROM (
    SELECT d.domain, d.up1, d.up2, d.up3, substr(d.up3, position('.' IN d.up3) + 1) AS up4 FROM (
    SELECT e.domain, e.up1, e.up2, substr(e.up2, position('.' IN e.up2) + 1) AS up3 FROM (
    SELECT f.domain, f.up1, substr(f.up1, position('.' IN f.up1) + 1) AS up2 FROM (
    SELECT domain, substr(domain, position('.' IN domain) + 1) AS up1 FROM names
    ) f) e) d) c) b) a
  ) n
  LEFT JOIN domains d0 ON d0.domain = n.domain
  LEFT JOIN domains d1 ON d1.domain = n.up1
  LEFT JOIN domains d2 ON d2.domain = n.up2
  LEFT JOIN domains d3 ON d3.domain = n.up3
  LEFT JOIN domains d4 ON d4.domain = n.up4
  LEFT JOIN domains d5 ON d5.domain = n.up5
  LEFT JOIN domains d6 ON d6.domain = n.up6
  LEFT JOIN domains d7 ON d7.domain = n.up7
) found
WHERE account IS NOT NULL
