CREATE TRIGGER boxes_delete_guard BEFORE DELETE ON boxes
BEGIN
    SELECT RAISE(ABORT, 'a box is never deleted');
END;
