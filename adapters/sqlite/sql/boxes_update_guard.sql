CREATE TRIGGER boxes_update_guard BEFORE UPDATE ON boxes
BEGIN
    SELECT RAISE(ABORT, 'a box is never changed');
END;
