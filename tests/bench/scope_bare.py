"""The yardstick: the questions of a scope as one script written by hand for this one log, straight on DuckDB.

Usage: python scope_bare.py FOLDER, with logs/*.parquet, accounts.csv and domains.csv in the folder. Writes the figures
as JSON. It knows the log's columns, that the campaign is the hole of the 2019 rule, and that ten messages are enough;
it reads no complaint, checks no input, guards against nothing.
"""

import json
import os
import sys

import duckdb

OURS = "relay.example"
con = duckdb.connect()
con.execute(f"SET memory_limit = '{os.environ.get('IRTOOL_LOG_MEMORY') or '800MB'}'")
con.execute("SET preserve_insertion_order = false")
con.execute(f"CREATE VIEW log AS SELECT * FROM read_parquet('{sys.argv[1]}/logs/*.parquet')")
con.execute(f"CREATE TABLE domains AS SELECT * FROM read_csv('{sys.argv[1]}/domains.csv', all_varchar = true)")
con.execute("""
CREATE TEMP TABLE sent AS
SELECT account, source_ip, count(*) AS messages FROM log WHERE time >= TIMESTAMP '2026-03-01 21:15:00' GROUP BY ALL
""")
con.execute("""
CREATE TEMP TABLE submissions AS
SELECT account, source_ip, header_from, header_sender, split_part(recipient, '@', -1) AS recipient_domain,
  count(*) AS messages, min(time) AS first_seen, max(time) AS last_seen
FROM log
WHERE time >= TIMESTAMP '2026-03-01 21:15:00' AND envelope_from = '' AND header_sender <> header_from
GROUP BY ALL
""")
con.execute(f"""
CREATE TEMP TABLE owned AS
SELECT n.domain, COALESCE(a.account, b.account, CASE WHEN n.domain = '{OURS}' THEN '' END) AS account
FROM (
  SELECT split_part(header_from, '@', -1) AS domain FROM submissions
  UNION SELECT split_part(header_sender, '@', -1) FROM submissions
) n
LEFT JOIN domains a ON a.domain = n.domain
LEFT JOIN domains b ON b.domain = substr(n.domain, position('.' IN n.domain) + 1)
""")
con.execute("""
CREATE TEMP TABLE pattern AS
SELECT s.*, f.account AS from_owner
FROM submissions s
JOIN owned o ON o.domain = split_part(s.header_sender, '@', -1) AND o.account = s.account
JOIN owned f ON f.domain = split_part(s.header_from, '@', -1) AND f.account <> s.account
""")
con.execute("""
CREATE TEMP TABLE campaign AS
SELECT p.*
FROM pattern p
JOIN (
  SELECT q.account, q.source_ip
  FROM (SELECT account, source_ip, sum(messages) AS messages FROM pattern GROUP BY ALL) q
  JOIN sent s ON s.account = q.account AND s.source_ip = q.source_ip
  WHERE q.messages >= 10 AND q.messages * 2 >= s.messages
) chosen ON chosen.account = p.account AND chosen.source_ip = p.source_ip
""")
rows = con.execute("""
SELECT account, source_ip, header_from, header_sender, recipient_domain, from_owner,
  GROUPING(account, source_ip, header_from, header_sender, recipient_domain, from_owner) AS kind,
  sum(messages)::BIGINT, min(first_seen), max(last_seen)
FROM campaign
GROUP BY GROUPING SETS ((), (account), (source_ip), (header_from), (header_sender), (recipient_domain), (from_owner))
""").fetchall()
con.execute("""
CREATE TEMP TABLE addresses AS SELECT header_from AS a FROM campaign UNION SELECT header_sender FROM campaign
""")
reach = con.execute("""
SELECT d, s, e, f, count(*)
FROM (
  SELECT CASE WHEN split_part(recipient, '@', -1) IN (SELECT recipient_domain FROM campaign)
      THEN split_part(recipient, '@', -1) END AS d,
    CASE WHEN header_sender IN (SELECT a FROM addresses) THEN header_sender END AS s,
    CASE WHEN envelope_from IN (SELECT a FROM addresses) THEN envelope_from END AS e,
    CASE WHEN header_from IN (SELECT a FROM addresses) THEN header_from END AS f
  FROM log
  WHERE time >= TIMESTAMP '2026-03-01 21:15:00'
)
WHERE d IS NOT NULL OR s IS NOT NULL OR e IS NOT NULL OR f IS NOT NULL
GROUP BY ALL
""").fetchall()
samples = con.execute("""
SELECT l.*
FROM log l
JOIN (
  SELECT header_from, unnest([min(first_seen), max(last_seen)]) AS moment
  FROM campaign
  WHERE from_owner <> ''
  GROUP BY 1
) m ON m.header_from = l.header_from AND m.moment = l.time
""").fetchall()
volume = con.execute("""
SELECT date_trunc('minute', l.time), count(*)
FROM log l
JOIN campaign c ON c.account = l.account AND c.source_ip = l.source_ip AND c.header_from = l.header_from
  AND c.header_sender = l.header_sender AND c.recipient_domain = split_part(l.recipient, '@', -1)
WHERE l.time >= TIMESTAMP '2026-03-01 21:15:00' AND l.envelope_from = ''
GROUP BY ALL
""").fetchall()


def by(position: int) -> dict[str, int]:
    """The messages by value of one grouping column."""
    kind = 0b111111 ^ (1 << (5 - position))
    return {row[position]: row[7] for row in rows if row[6] == kind}


print(
    json.dumps(
        {
            "messages": next(row[7] for row in rows if row[6] == 0b111111),
            "over_time": sum(count for _, count in volume),
            "accounts": by(0),
            "source_ips": by(1),
            "customers": {owner: count for owner, count in by(5).items() if owner},
            "rows": con.execute("SELECT sum(messages)::BIGINT FROM sent").fetchone()[0],
            "collateral": len(reach),
            "samples": len(samples),
        }
    )
)
