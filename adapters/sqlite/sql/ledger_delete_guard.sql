CREATE TRIGGER ledger_delete_guard BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'a ledger stays');
END;
