-- What the writer says, not a step of the schema: moves the head if nobody else did, and appends what follows it.
-- Gives the number of events written. Arrays are unfolded side by side in a select list: in FROM, each would be
-- written to a store of its own first.
WITH head AS (
    UPDATE aduan.ledger SET position = $2 + cardinality($6::bigint[]), record_hash = $4, log_hash = $5
    WHERE name = $1 AND position = $2 AND log_hash = $3
    RETURNING name
), written AS (
    INSERT INTO aduan.events (
        ledger, aggregate_type, position,
        sequence, recorded_at, command_part, command_id, aggregate_id, event_type, event_version, prev_hash,
        record_hash, payload, metadata)
    SELECT name, 'complaint', generate_series($2 + 1, $2 + cardinality($6)),
        unnest($6::bigint[]), unnest($7::timestamptz[]), unnest($8::integer[]), unnest($9::uuid[]),
        unnest($10::text[]), unnest($11::text[]), unnest($12::text[]), unnest($13::bytea[]),
        unnest($14::bytea[]), unnest($15::json[]), unnest($16::json[])
    FROM head
    RETURNING 1
)
SELECT count(*) FROM written
