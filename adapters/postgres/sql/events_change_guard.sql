CREATE TRIGGER events_change_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON aduan.events
    FOR EACH STATEMENT EXECUTE FUNCTION aduan.refuse_change();
ALTER TABLE aduan.events ENABLE ALWAYS TRIGGER events_change_guard;
