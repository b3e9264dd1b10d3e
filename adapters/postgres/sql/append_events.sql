-- The last part of an append.
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
