CREATE TRIGGER attestations_change_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON aduan.attestations
    FOR EACH STATEMENT EXECUTE FUNCTION aduan.refuse_change();
ALTER TABLE aduan.attestations ENABLE ALWAYS TRIGGER attestations_change_guard;
