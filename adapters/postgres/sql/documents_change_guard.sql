CREATE TRIGGER documents_change_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON aduan.documents
    FOR EACH STATEMENT EXECUTE FUNCTION aduan.refuse_change();
ALTER TABLE aduan.documents ENABLE ALWAYS TRIGGER documents_change_guard;
