-- The head moves forward only, and at the commit there is the event it names: nobody may push it past the log.
CREATE FUNCTION aduan.ledger_update_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.name <> OLD.name OR NEW.position <= OLD.position OR octet_length(NEW.log_hash) <> 32
       OR NEW.record_hash IS DISTINCT FROM (
        SELECT record_hash FROM aduan.events WHERE ledger = NEW.name AND position = NEW.position)
    THEN
        RAISE EXCEPTION 'the head of ledger % is not that of an event', NEW.name
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_update_guard';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_update_guard AFTER UPDATE ON aduan.ledger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aduan.ledger_update_guard();
ALTER TABLE aduan.ledger ENABLE ALWAYS TRIGGER ledger_update_guard;
