-- Between head and events, where a command brings boxes or keys.
), boxed AS (
    INSERT INTO aduan.boxes (ledger, aggregate_id, digest, bytes)
    SELECT name, unnest($17::text[]), unnest($18::bytea[]), unnest($19::bytea[]) FROM head
    ON CONFLICT DO NOTHING
), keyed AS (
    INSERT INTO aduan.keys (ledger, aggregate_id, epoch, commitment, wrapped)
    SELECT name, unnest($20::text[]), unnest($21::bigint[]), unnest($22::bytea[]), unnest($23::bytea[]) FROM head
    ON CONFLICT DO NOTHING
