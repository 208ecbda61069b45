-- Makes `names`: the domains of `submitted`.
SELECT envelope_domain AS domain FROM submitted WHERE envelope_domain <> ''
UNION SELECT sender_domain AS domain FROM submitted WHERE sender_domain IS NOT NULL
UNION SELECT from_domain AS domain FROM submitted WHERE from_domain IS NOT NULL
