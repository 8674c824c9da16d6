"""The queries on a window's events and k6's ledger, in DuckDB's SQL."""

# The topics of the ledger's tables: their names differ by more than the prefix.
LEDGER_TABLES = 'SELECT "table" FROM acknowledged UNION SELECT "table" FROM arrival'
TABLE_TOPIC = """
    CREATE OR REPLACE TABLE table_topic AS
    SELECT unnest($tables::VARCHAR[]) AS "table", unnest($topics::VARCHAR[]) AS topic
"""
READ = """
    SELECT topic, count(*) FILTER (op NOT IN ('t', '?')), count(DISTINCT id) FILTER (op <> '?'),
        count(*) FILTER (op = 't')
    FROM event GROUP BY topic ORDER BY topic
"""
# An event is the change at one LSN; the same row's same change again is a duplicate.
DUPLICATES = """
    SELECT topic, id, count(*) OVER (PARTITION BY topic),
        'LSN ' || lsn || ' is at offsets ' || list_aggregate(offsets[:3], 'string_agg', ', ')
    FROM (
        SELECT topic, id, op, lsn, tx, list(position ORDER BY position) AS offsets
        FROM event WHERE lsn IS NOT NULL AND id IS NOT NULL
        GROUP BY topic, id, op, lsn, tx HAVING count(*) > 1)
    ORDER BY topic, offsets[2]
"""
# The first position of each change in the topic: a later repetition is not out of order. Changes
# are compared by commit, then LSN, because a change that was written early may be committed late.
REORDERED = """
    WITH first_seen AS (
        SELECT topic, partition, id, {'commit': commit, 'lsn': lsn} AS change,
            min(position) AS position
        FROM event WHERE commit IS NOT NULL AND id IS NOT NULL GROUP BY ALL),
    ordered AS (
        SELECT *, max(change) OVER (
            PARTITION BY topic, partition, id ORDER BY position
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM first_seen)
    SELECT topic, id, count(*) OVER (PARTITION BY topic),
        'LSN ' || change.lsn || ' at offset ' || position || ' follows LSN ' || before.lsn
    FROM ordered WHERE change < before ORDER BY topic, position
"""
# The records that repeat a change: the first one is not a repetition.
REPEATED = """
    SELECT kafka_ms * 1000 FROM event
    WHERE lsn IS NOT NULL AND id IS NOT NULL AND kafka_ms IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY topic, id, op, lsn, tx ORDER BY partition, position) > 1
    ORDER BY kafka_ms LIMIT 50000
"""
# The last acknowledged write of each of some rows.
WRITTEN = """
    SELECT max(at_us) FROM (
        SELECT unnest($tables::VARCHAR[]) AS "table", unnest($ids::VARCHAR[]) AS id) AS wanted
    LEFT JOIN acknowledged USING ("table", id) GROUP BY "table", id
"""
UNREADABLE = """
    SELECT topic, coalesce(id, partition || '@' || position), count(*) OVER (PARTITION BY topic),
        'partition ' || partition || ', offset ' || position
    FROM event WHERE op = '?' ORDER BY topic, position
"""
# A snapshot's read of a row counts as its create. Triggers and cascades may change a row more often
# than k6 knows, so only fewer events than acknowledged writes are a loss.
MISSING = """
    WITH written AS (
        SELECT "table", id, op, count(*) AS writes FROM acknowledged GROUP BY ALL),
    seen AS (
        SELECT topic, id, if(op = 'r', 'c', op) AS op, count(DISTINCT lsn) AS events
        FROM event WHERE lsn IS NOT NULL GROUP BY ALL)
    SELECT w."table", w.id, writes - coalesce(events, 0), w.op
    FROM written w JOIN table_topic t USING ("table") LEFT JOIN seen s
        ON s.topic = t.topic AND s.id = w.id AND s.op = w.op
    WHERE writes > coalesce(events, 0) ORDER BY 1, 2, 4
"""
# A consumer that is killed before it commits sends the same record again, so letters are counted by
# the position they were read from. One without that position counts by itself.
DEAD_LETTERS = """
    WITH letter AS (
        SELECT *, from_topic <> '' AND from_partition >= 0 AND from_position >= 0 AS known
        FROM dead_letter)
    SELECT coalesce(id, if(known, from_partition || '@' || from_position,
            partition || '@' || position)),
        reason, if(known, from_topic, ''), if(known, from_partition, partition),
        if(known, from_position, position)
    FROM letter
    QUALIFY row_number() OVER (
        PARTITION BY known, if(known, from_topic, ''), if(known, from_partition, partition),
            if(known, from_position, position)
        ORDER BY partition, position) = 1
    ORDER BY letter.partition, letter.position
"""
LAST = """
    SELECT op, lsn, partition, position FROM event
    WHERE topic = $topic AND id = $id AND lsn IS NOT NULL ORDER BY position DESC LIMIT 1
"""
DELETE = """
    SELECT op, lsn, partition, position FROM event
    WHERE topic = $topic AND id = $id AND op = 'd' ORDER BY position DESC LIMIT 1
"""
GIVEN_UP = "SELECT reason FROM dead_letter WHERE from_topic = $topic AND id = $id LIMIT 1"
ACKNOWLEDGED = "SELECT op, count(*) FROM acknowledged GROUP BY op ORDER BY op"

# The changes of the load, each once: a repeated event is its first record. `number` counts the
# changes of a row by the same operation, and `changes` is how many there are.
CHANGES = """
    CREATE OR REPLACE TABLE change AS
    SELECT *, row_number() OVER of_row AS number,
        count(*) OVER (PARTITION BY topic, id, op) AS changes
    FROM (
        SELECT topic, id, op, partition, position, source_us, debezium_us, kafka_ms, clock
        FROM event WHERE op IN ('c', 'u', 'd') AND id IS NOT NULL
        QUALIFY row_number() OVER (
            PARTITION BY topic, id, op, lsn, tx ORDER BY partition, position) = 1)
    WINDOW of_row AS (PARTITION BY topic, id, op ORDER BY partition, position)
"""
# What each arrival's change is: its topic, row, operation, and number. `record_hops` has the rule.
# A record's millisecond begins at most its length before the change's arrival.
ARRIVED = """
    CREATE OR REPLACE TABLE arrived AS
    WITH written AS (
        SELECT "table", id, op, line, count(*) OVER (PARTITION BY "table", id, op) AS writes,
            row_number() OVER (PARTITION BY "table", id, op ORDER BY line) AS number
        FROM acknowledged),
    seen AS (
        SELECT "table", id, op, line, at_us, count(*) OVER (PARTITION BY "table", id, op) AS seen,
            row_number() OVER (PARTITION BY "table", id, op ORDER BY line) AS number
        FROM arrival),
    waited AS (
        SELECT topic, s.id, s.op, at_us, s.line, coalesce(writes, 0) AS writes,
            if(seen = writes, s.number, w.number) AS written
        FROM seen s JOIN table_topic USING ("table") ASOF LEFT JOIN written w
            ON s."table" = w."table" AND s.id = w.id AND s.op = w.op AND s.line >= w.line),
    latest AS (
        SELECT topic, id, op, kafka_ms * 1000 AS since_us, max(number) AS number
        FROM change WHERE kafka_ms IS NOT NULL GROUP BY ALL),
    of_row AS (
        SELECT topic, id, op, count(*) AS changes FROM change GROUP BY ALL),
    chosen AS (
        SELECT w.topic, w.id, w.op, w.at_us, w.line,
            if(written IS NULL OR changes < writes, l.number,
                least(greatest(coalesce(l.number, 0), written), changes - writes + written)
            ) AS number
        FROM waited w JOIN of_row USING (topic, id, op) ASOF LEFT JOIN latest l
            ON w.topic = l.topic AND w.id = l.id AND w.op = l.op AND w.at_us >= l.since_us)
    SELECT topic, id, op, number, at_us FROM chosen WHERE number IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY topic, id, op, number ORDER BY line) = 1
"""
# Kafka's time is the middle of its millisecond.
MOMENTS = """
    CREATE OR REPLACE TABLE moment AS
    SELECT source_us, debezium_us, kafka_ms * 1000 + 500 AS kafka_us, at_us,
        coalesce(at_us, kafka_us, debezium_us, source_us) AS last_us,
        coalesce(last_us >= $steady_us, false) AS steady
    FROM change LEFT JOIN arrived USING (topic, id, op, number)
"""
HOP_TIMES = """
    SELECT steady, hop.name, histogram(hop.us::DOUBLE, $bounds_us), sum(hop.us),
        count(*) FILTER (hop.us < -$resolution_us),
        coalesce(sum(-hop.us) FILTER (hop.us < -$resolution_us), 0)
    FROM (
        SELECT steady, unnest([
            {'name': 'source_to_debezium', 'us': debezium_us - source_us},
            {'name': 'debezium_to_kafka', 'us': kafka_us - debezium_us},
            {'name': 'kafka_to_sink', 'us': at_us - kafka_us},
            {'name': 'total', 'us': at_us - source_us}]) AS hop
        FROM moment)
    WHERE hop.us IS NOT NULL GROUP BY ALL
"""
HOP_COUNTS = """
    SELECT count(*) FILTER (NOT steady) AS warm_up, count(*) FILTER (steady) AS steady,
        count(*) FILTER (source_us IS NULL) AS without_source,
        count(*) FILTER (debezium_us IS NULL) AS without_debezium,
        count(*) FILTER (kafka_us IS NULL) AS without_kafka, max(last_us) AS last_us,
        (SELECT count(*) FROM arrival) AS arrivals, (SELECT count(*) FROM arrived) AS arrived
    FROM moment
"""
CLOCKS = "SELECT DISTINCT clock FROM change WHERE clock IS NOT NULL"
