CREATE TRIGGER documents_delete_guard BEFORE DELETE ON documents
BEGIN
    SELECT RAISE(ABORT, 'a document is never deleted');
END;
