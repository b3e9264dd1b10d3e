-- The hash of a record's bytes: as `Record::hash_in`.
CREATE OR REPLACE FUNCTION aduan.record_hash(
    ledger text, complaint text, sequence bigint, event_type text, event_version text, payload text, metadata text,
    prev bytea
) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT sha256('aduan/record/v1\012'::bytea || string_agg(int8send(octet_length(part)) || part, '' ORDER BY place))
    FROM unnest(ARRAY[
        convert_to(ledger, 'UTF8'), convert_to(complaint, 'UTF8'), int8send(sequence), convert_to(event_type, 'UTF8'),
        convert_to(event_version, 'UTF8'), convert_to(payload, 'UTF8'), convert_to(metadata, 'UTF8'), prev
    ]) WITH ORDINALITY AS parts (part, place)
$$;
