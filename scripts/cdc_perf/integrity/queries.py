"""The queries on a window's events and k6's ledger, in DuckDB's SQL."""

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
    FROM written w LEFT JOIN seen s
        ON s.topic = $prefix || '.' || w."table" AND s.id = w.id AND s.op = w.op
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
