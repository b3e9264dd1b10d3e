-- The same note again is left as it is; another one under its digest is refused, also by INSERT OR REPLACE.
CREATE TRIGGER attestations_insert_guard BEFORE INSERT ON attestations
BEGIN
    SELECT CASE WHEN note = NEW.note THEN RAISE(IGNORE) ELSE RAISE(ABORT, 'an attestation is never changed') END
    FROM attestations
    WHERE ledger = NEW.ledger AND size = NEW.size AND digest = NEW.digest;
END;
