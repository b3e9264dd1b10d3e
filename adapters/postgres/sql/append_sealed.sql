-- Between head and events, where a command brings boxes or keys.
), boxed AS (
    INSERT INTO aduan.boxes (ledger, aggregate_id, marks, sealed)
    SELECT name, id, ($20::integer[])[first:last], ($21::bytea[])[first:last]
    FROM head, (SELECT unnest($17::text[]) AS id, unnest($18::integer[]) AS first, unnest($19::integer[]) AS last)
        AS added
), keyed AS (
    INSERT INTO aduan.keys (ledger, aggregate_id, epoch, commitment, wrapped)
    SELECT name, unnest($22::text[]), unnest($23::bigint[]), unnest($24::bytea[]), unnest($25::bytea[]) FROM head
    ON CONFLICT DO NOTHING
