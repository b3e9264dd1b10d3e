CREATE TRIGGER keys_delete_guard BEFORE DELETE ON keys
BEGIN
    SELECT RAISE(ABORT, 'a wrapped key is never deleted');
END;
