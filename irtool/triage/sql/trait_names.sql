-- Makes `names`: the From domains of `submissions`.
SELECT DISTINCT from_domain AS domain FROM submissions WHERE from_domain IS NOT NULL
