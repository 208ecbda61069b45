-- Makes `owned`: for each domain in `names` the account that owns it or the nearest parent of it, however deep it lies
-- (of what is owned seven labels count); '' is the provider itself, where the directory does not list it.
-- An end of a name is found from behind: `back` is the name reversed, at0, at1 ... are its dots.
SELECT domain, account
FROM (
  SELECT n.domain, COALESCE(d0.account, d7.account, d6.account, d5.account, d4.account, d3.account, d2.account,
    d1.account,
    CASE WHEN n.domain IN $own_domains OR n.end7 IN $own_domains OR n.end6 IN $own_domains OR n.end5 IN $own_domains
      OR n.end4 IN $own_domains OR n.end3 IN $own_domains OR n.end2 IN $own_domains OR n.end1 IN $own_domains
      THEN '' END) AS account
  FROM (
    SELECT domain, reverse(substr(back, 1, at1 - 1)) AS end1, reverse(substr(back, 1, at2 - 1)) AS end2,
      reverse(substr(back, 1, at3 - 1)) AS end3, reverse(substr(back, 1, at4 - 1)) AS end4,
      reverse(substr(back, 1, at5 - 1)) AS end5, reverse(substr(back, 1, at6 - 1)) AS end6,
      reverse(substr(back, 1, at6 + position('.' IN substr(back, at6 + 1)) - 1)) AS end7 FROM (
    SELECT f.*, at5 + position('.' IN substr(back, at5 + 1)) AS at6 FROM (
    SELECT e.*, at4 + position('.' IN substr(back, at4 + 1)) AS at5 FROM (
    SELECT d.*, at3 + position('.' IN substr(back, at3 + 1)) AS at4 FROM (
    SELECT c.*, at2 + position('.' IN substr(back, at2 + 1)) AS at3 FROM (
    SELECT b.*, at1 + position('.' IN substr(back, at1 + 1)) AS at2 FROM (
    SELECT a.*, position('.' IN back) AS at1 FROM (
    SELECT domain, reverse(domain) || '.......' AS back FROM names
    ) a) b) c) d) e) f) g
  ) n
  LEFT JOIN domains d0 ON d0.domain = n.domain
  LEFT JOIN domains d1 ON d1.domain = n.end1
  LEFT JOIN domains d2 ON d2.domain = n.end2
  LEFT JOIN domains d3 ON d3.domain = n.end3
  LEFT JOIN domains d4 ON d4.domain = n.end4
  LEFT JOIN domains d5 ON d5.domain = n.end5
  LEFT JOIN domains d6 ON d6.domain = n.end6
  LEFT JOIN domains d7 ON d7.domain = n.end7
) found
WHERE account IS NOT NULL
