CREATE TRIGGER documents_update_guard BEFORE UPDATE ON documents
BEGIN
    SELECT RAISE(ABORT, 'a document is never changed');
END;
