-- What the writer says, not a step of the schema: moves the head if nobody else did, and appends what follows it.
-- Gives the number of events written.
WITH head AS (
    UPDATE aduan.ledger SET position = $2 + cardinality($6::bigint[]), record_hash = $4, log_hash = $5
    WHERE name = $1 AND position = $2 AND log_hash = $3
    RETURNING name
), written AS (
    INSERT INTO aduan.events (
        ledger, aggregate_type, position,
        sequence, recorded_at, command_part, command_id, aggregate_id, event_type, event_version, prev_hash,
        record_hash, payload, metadata)
    SELECT head.name, 'complaint', $2 + new.place,
        new.sequence, new.recorded_at, new.command_part, new.command_id, new.aggregate_id, new.event_type,
        new.event_version, new.prev_hash, new.record_hash, new.payload, new.metadata
    FROM head, unnest(
        $6::bigint[], $7::timestamptz[], $8::integer[], $9::uuid[], $10::text[], $11::text[], $12::text[],
        $13::bytea[], $14::bytea[], $15::json[], $16::json[]
    ) WITH ORDINALITY AS new (
        sequence, recorded_at, command_part, command_id, aggregate_id, event_type, event_version, prev_hash,
        record_hash, payload, metadata, place)
    RETURNING 1
)
SELECT count(*) FROM written
