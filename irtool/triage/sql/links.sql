-- How each account that shows the pattern hangs together with the complaint.
SELECT account, count(*) AS messages, sum(direct) AS direct, sum(linked) AS linked FROM pattern GROUP BY account
