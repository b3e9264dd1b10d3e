-- What is appended follows: an event the record before it, and all of them the last position of their ledger.
-- One look at all new rows costs a fraction of one look at each. The settings hold it to the indexes, whatever
-- the planner thinks of a table it has not yet counted.
CREATE FUNCTION aduan.events_insert_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    stray record;
BEGIN
    SELECT added.ledger, added.aggregate_id, added.sequence INTO stray
    FROM appended AS added
    LEFT JOIN aduan.events AS before
      ON before.ledger = added.ledger AND before.aggregate_id = added.aggregate_id AND before.sequence = added.sequence - 1
    WHERE added.prev_hash IS DISTINCT FROM CASE
              WHEN added.sequence = 1 THEN aduan.genesis(added.ledger, added.aggregate_id)
              ELSE before.record_hash
          END
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'record % of complaint % does not follow the one before it', stray.sequence, stray.aggregate_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'events_follow';
    END IF;
    SELECT added.ledger, added.last INTO stray
    FROM (SELECT ledger, min(position) AS first, max(position) AS last, count(*) AS count
          FROM appended GROUP BY ledger) AS added
    LEFT JOIN aduan.ledger AS head ON head.name = added.ledger
    LEFT JOIN aduan.events AS before ON before.ledger = added.ledger AND before.position = added.first - 1
    WHERE head.position IS DISTINCT FROM added.last
       OR added.last - added.first + 1 <> added.count
       OR (added.first > 1 AND before.position IS NULL)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'positions up to % of ledger % do not follow its head', stray.last, stray.ledger
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'events_gapless';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER events_insert_guard AFTER INSERT ON aduan.events
    REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION aduan.events_insert_guard();
ALTER TABLE aduan.events ENABLE ALWAYS TRIGGER events_insert_guard;
