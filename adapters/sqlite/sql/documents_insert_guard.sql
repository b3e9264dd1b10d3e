-- The same text again is left as it is; another one under its hash is refused, also by INSERT OR REPLACE.
CREATE TRIGGER documents_insert_guard BEFORE INSERT ON documents
BEGIN
    SELECT CASE WHEN text = NEW.text THEN RAISE(IGNORE) ELSE RAISE(ABORT, 'a document is never changed') END
    FROM documents
    WHERE ledger = NEW.ledger AND hash = NEW.hash;
END;
