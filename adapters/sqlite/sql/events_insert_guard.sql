-- An event goes to the end of the log and to the end of its complaint, and its command part is new.
-- INSERT OR REPLACE would slip past the other guards on a connection without recursive_triggers: here it does not.
CREATE TRIGGER events_insert_guard BEFORE INSERT ON events
WHEN NEW.position IS NOT 1 + (SELECT coalesce(max(position), 0) FROM events)
  OR NEW.ledger IS NOT (SELECT name FROM ledger)
  OR CASE NEW.sequence
         WHEN 1 THEN EXISTS (
             SELECT 1 FROM events WHERE ledger = NEW.ledger AND aggregate_id = NEW.aggregate_id)
         ELSE (NEW.sequence - 1, NEW.prev_hash) IS NOT (
             SELECT sequence, record_hash FROM events
             WHERE ledger = NEW.ledger AND aggregate_id = NEW.aggregate_id
             ORDER BY sequence DESC LIMIT 1)
     END
  OR EXISTS (
         SELECT 1 FROM events
         WHERE ledger = NEW.ledger AND command_id = NEW.command_id AND command_part = NEW.command_part)
BEGIN
    SELECT RAISE(ABORT, 'an event follows the last one of its ledger and of its complaint');
END;
