CREATE TRIGGER ledger_insert_guard BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger)
BEGIN
    SELECT RAISE(ABORT, 'a file holds one ledger');
END;
