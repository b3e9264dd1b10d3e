CREATE TRIGGER keys_update_guard BEFORE UPDATE ON keys
BEGIN
    SELECT RAISE(ABORT, 'a wrapped key is never changed');
END;
