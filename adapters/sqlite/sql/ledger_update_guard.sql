-- The head follows the events, and only forward.
CREATE TRIGGER ledger_update_guard BEFORE UPDATE ON ledger
WHEN NEW.name IS NOT OLD.name
  OR NEW.position < OLD.position
  OR (NEW.position, NEW.record_hash)
     IS NOT (SELECT position, record_hash FROM events ORDER BY position DESC LIMIT 1)
BEGIN
    SELECT RAISE(ABORT, 'the head is that of the last event');
END;
