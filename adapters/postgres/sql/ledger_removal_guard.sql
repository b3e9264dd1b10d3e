CREATE TRIGGER ledger_removal_guard BEFORE DELETE OR TRUNCATE ON aduan.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION aduan.refuse_change();
ALTER TABLE aduan.ledger ENABLE ALWAYS TRIGGER ledger_removal_guard;
