-- Makes `names`: the domains of `submissions`.
SELECT from_domain AS domain FROM submissions UNION SELECT sender_domain AS domain FROM submissions
