-- What is appended follows: an event the record before it, and all of them the last position of their ledger.
-- One look at all new rows costs a fraction of one look at each; the sub-selects keep it to the indexes, whatever the
-- planner thinks of a table that was never analysed.
CREATE FUNCTION aduan.events_insert_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT (
        SELECT added.count = 0 OR (
            added.ledger = added.other
            AND added.follow
            AND added.first > 0
            AND added.last - added.first + 1 = added.count
            AND added.last IS NOT DISTINCT FROM (SELECT position FROM aduan.ledger WHERE name = added.ledger)
            AND (added.first = 1 OR added.first - 1 IS NOT DISTINCT FROM (
                    SELECT position FROM aduan.events WHERE ledger = added.ledger AND position = added.first - 1)))
        FROM (
            SELECT min(ledger) AS ledger, max(ledger) AS other, count(*) AS count,
                   min(position) AS first, max(position) AS last,
                   bool_and(aggregate_type = 'complaint' AND octet_length(aggregate_id) = 36
                            AND aggregate_id = lower(aggregate_id)
                            AND octet_length(record_hash) = 32 AND command_part > 0
                            AND prev_hash IS NOT DISTINCT FROM CASE
                                WHEN sequence = 1 THEN aduan.genesis(ledger, aggregate_id)
                                ELSE (SELECT before.record_hash FROM aduan.events AS before
                                      WHERE before.aggregate_id = appended.aggregate_id
                                        AND before.sequence = appended.sequence - 1
                                        AND before.ledger || '' = appended.ledger)
                            END) AS follow
            FROM appended) AS added)
    THEN
        RAISE EXCEPTION 'what is appended does not follow: a record the one before it, or a position the head'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'events_follow';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER events_insert_guard AFTER INSERT ON aduan.events
    REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION aduan.events_insert_guard();
ALTER TABLE aduan.events ENABLE ALWAYS TRIGGER events_insert_guard;
