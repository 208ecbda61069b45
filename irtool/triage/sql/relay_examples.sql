-- For each kind of submission in `judged` the $each largest groups of one account and the same domains, without those of
-- some accounts.
SELECT envelope, sender, from_header, ip, account, envelope_domain, sender_domain, from_domain, messages
FROM (
  SELECT judged.*, row_number() OVER (
      PARTITION BY envelope, sender, from_header, ip
      ORDER BY messages DESC, account, from_domain, sender_domain, envelope_domain
    ) AS place
  FROM judged
  WHERE account IS NULL OR account NOT IN $without
) ranked
WHERE place <= $each
ORDER BY messages DESC, account, from_domain
