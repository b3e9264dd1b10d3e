-- A ledger begins empty.
CREATE FUNCTION aduan.ledger_insert_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF length(NEW.name) NOT BETWEEN 1 AND 64 OR NEW.name <> btrim(NEW.name) OR NEW.name ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'a ledger has a name of 1 to 64 characters' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.position, NEW.record_hash, NEW.log_hash) IS DISTINCT FROM (0, sha256(''),
        sha256('aduan/log-genesis/v1\012'::bytea || int8send(octet_length(NEW.name)) || convert_to(NEW.name, 'UTF8')))
    THEN
        RAISE EXCEPTION 'ledger % does not begin empty', NEW.name USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ledger_insert_guard BEFORE INSERT ON aduan.ledger
    FOR EACH ROW EXECUTE FUNCTION aduan.ledger_insert_guard();
ALTER TABLE aduan.ledger ENABLE ALWAYS TRIGGER ledger_insert_guard;
