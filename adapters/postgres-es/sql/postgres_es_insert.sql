-- Gives an event what postgres-es does not know of: a position, the columns that its metadata holds, the hashes.
-- It takes them as the caller, whom the guards of the tables hold to the rules as everybody else.
CREATE OR REPLACE FUNCTION aduan.postgres_es_insert() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted_ledger text := current_setting('aduan.ledger');
    payload_text  text;
    metadata_text text;
    context       json;
    micros        bigint;
    head          record;
    last          record;
    prev          bytea;
    hash          bytea;
BEGIN
    IF json_typeof(NEW.payload) IS DISTINCT FROM 'string' OR json_typeof(NEW.metadata) IS DISTINCT FROM 'string' THEN
        RAISE EXCEPTION 'payload and metadata come as JSON strings that hold their text'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    payload_text := NEW.payload #>> '{}';
    metadata_text := NEW.metadata #>> '{}';
    context := metadata_text::json;
    micros := context ->> 'recorded_at';
    IF context ->> 'command' IS NULL OR context ->> 'part' IS NULL OR micros IS NULL THEN
        RAISE EXCEPTION 'metadata lacks a command, a part or a time'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- From here on nobody else appends to this ledger, and each statement sees what those before us did.
    SELECT position, log_hash INTO head FROM aduan.ledger WHERE name = wanted_ledger FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no ledger %', wanted_ledger USING ERRCODE = 'no_data_found';
    END IF;
    SELECT sequence, record_hash INTO last FROM aduan.events
    WHERE aggregate_id = NEW.aggregate_id AND ledger || '' = wanted_ledger ORDER BY sequence DESC LIMIT 1;
    IF NEW.sequence IS DISTINCT FROM coalesce(last.sequence, 0) + 1 THEN
        -- To postgres-es every unique violation is a lost race, and this is one.
        RAISE EXCEPTION 'record % of complaint % does not follow its last', NEW.sequence, NEW.aggregate_id
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'events_complaint';
    END IF;
    prev := coalesce(last.record_hash, aduan.genesis(wanted_ledger, NEW.aggregate_id));
    hash := aduan.record_hash(wanted_ledger, NEW.aggregate_id, NEW.sequence, NEW.event_type, NEW.event_version,
                              payload_text, metadata_text, prev);

    UPDATE aduan.ledger
    SET position = head.position + 1, record_hash = hash,
        log_hash = aduan.log_hash(head.log_hash, head.position + 1, hash)
    WHERE name = wanted_ledger;
    INSERT INTO aduan.events (
        position, sequence, recorded_at, command_part, command_id, ledger, aggregate_type, aggregate_id, event_type,
        event_version, prev_hash, record_hash, payload, metadata)
    VALUES (
        head.position + 1, NEW.sequence,
        -- In two terms, because an interval is multiplied in floating point.
        timestamptz 'epoch' + (micros / 1000000) * interval '1 second' + (micros % 1000000) * interval '1 microsecond',
        split_part(context ->> 'part', '/', 1)::integer, (context ->> 'command')::uuid, wanted_ledger,
        NEW.aggregate_type, NEW.aggregate_id, NEW.event_type, NEW.event_version, prev, hash, payload_text::json,
        context);
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER postgres_es_insert INSTEAD OF INSERT ON aduan.postgres_es_events
    FOR EACH ROW EXECUTE FUNCTION aduan.postgres_es_insert();
