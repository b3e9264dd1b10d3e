CREATE TRIGGER boxes_change_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON aduan.boxes
    FOR EACH STATEMENT EXECUTE FUNCTION aduan.refuse_change();
ALTER TABLE aduan.boxes ENABLE ALWAYS TRIGGER boxes_change_guard;
