-- Whose the domains of `addresses` are, as far as the search has looked it up.
SELECT DISTINCT o.domain, o.account
FROM addresses a
JOIN owned o ON o.domain = substr(a.address, length(a.address) - position('@' IN reverse(a.address)) + 2)
