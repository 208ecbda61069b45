-- All messages of the span, campaign or not, of some accounts.
SELECT account, count(*) AS messages FROM log
WHERE ($timeless OR time >= CAST($since AS TIMESTAMP)) AND account IN $accounts
GROUP BY account
