"""What a person with DuckDB would write for the same question: calls per operation and actor.

usage: duckdb_join.py ACCESS_LOG MARKS_JSONL
"""

import sys

import duckdb

access, marks = sys.argv[1], sys.argv[2]
LINE = (
    r'^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\S+) '
    r'"([^"]*)" "([^"]*)" "([^"]*)" (\d+)$'
)
FIELDS = "['address','user','time','method','target','status','bytes','referer','agent','id','us']"

connection = duckdb.connect()
rows = connection.execute(
    f"""
    WITH lines AS (
        SELECT regexp_extract(line, '{LINE}', {FIELDS}) AS f
        FROM read_csv(?, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '',
                      header = false, auto_detect = false)
    ), calls AS (
        SELECT f.id AS id, f.agent AS agent, f.status::INTEGER AS status, f.us::BIGINT AS us,
               strptime(f.time, '%d/%b/%Y:%H:%M:%S %z') AS seen
        FROM lines
    ), marks AS (
        SELECT request_id, operation
        FROM read_json(?, format = 'newline_delimited',
                       columns = {{'time': 'VARCHAR', 'request_id': 'VARCHAR',
                                   'operation': 'VARCHAR'}})
    )
    SELECT operation, agent, count(*), approx_quantile(us, 0.95), epoch(min(seen)), epoch(max(seen))
    FROM calls LEFT JOIN marks ON calls.id = marks.request_id
    GROUP BY ALL ORDER BY 3 DESC
    """,
    [access, marks],
).fetchall()
for row in rows:
    print(row)
