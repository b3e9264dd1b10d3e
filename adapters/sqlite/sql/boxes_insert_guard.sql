-- The same box again is left as it is; another one under its digest is refused, also by INSERT OR REPLACE.
CREATE TRIGGER boxes_insert_guard BEFORE INSERT ON boxes
BEGIN
    SELECT CASE WHEN bytes = NEW.bytes THEN RAISE(IGNORE) ELSE RAISE(ABORT, 'a box is never changed') END
    FROM boxes
    WHERE ledger = NEW.ledger AND aggregate_id = NEW.aggregate_id AND digest = NEW.digest;
END;
