-- What each relay rule says of each kind of submission in `judged`: 1 is accepted. The same rules as Python are
-- relay_policy.py.
SELECT envelope, sender, from_header, ip, sum(messages) AS messages,
  CASE WHEN ip = 'own' AND (envelope = 'own' OR (envelope = 'null' AND from_header = 'own'))
    THEN 1 ELSE 0 END AS launch,
  CASE WHEN ip = 'own' AND (envelope = 'own' OR (envelope = 'null' AND (from_header = 'own' OR sender = 'own')))
    THEN 1 ELSE 0 END AS since_2019,
  CASE WHEN ip = 'own' AND (envelope = 'own' OR sender = 'own' OR from_header = 'own')
    THEN 1 ELSE 0 END AS since_2019_broad,
  CASE WHEN ip = 'own'
      AND (envelope = 'own' OR (envelope = 'null' AND from_header = 'own' AND sender IN ('own', 'absent')))
    THEN 1 ELSE 0 END AS since_2025_literal,
  CASE WHEN ip = 'own' AND (envelope = 'own' OR (envelope = 'null'
      AND ((from_header = 'own' AND sender IN ('own', 'absent')) OR (from_header = 'foreign' AND sender = 'own'))))
    THEN 1 ELSE 0 END AS since_2025_hosted_aware,
  CASE WHEN ip = 'own' AND envelope = 'null' AND sender = 'own' AND from_header = 'other'
    THEN 1 ELSE 0 END AS detector_seed,
  CASE WHEN ip = 'own' AND from_header = 'other' THEN 1 ELSE 0 END AS detector_wide
FROM judged
GROUP BY envelope, sender, from_header, ip
