CREATE TRIGGER keys_change_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON aduan.keys
    FOR EACH STATEMENT EXECUTE FUNCTION aduan.refuse_change();
ALTER TABLE aduan.keys ENABLE ALWAYS TRIGGER keys_change_guard;
