-- The same wrapped key again is left as it is; another one in its place is refused, also by INSERT OR REPLACE.
CREATE TRIGGER keys_insert_guard BEFORE INSERT ON keys
BEGIN
    SELECT CASE WHEN wrapped = NEW.wrapped THEN RAISE(IGNORE) ELSE RAISE(ABORT, 'a wrapped key is never changed') END
    FROM keys
    WHERE ledger = NEW.ledger AND aggregate_id = NEW.aggregate_id AND epoch = NEW.epoch AND commitment = NEW.commitment;
END;
