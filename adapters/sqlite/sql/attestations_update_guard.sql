CREATE TRIGGER attestations_update_guard BEFORE UPDATE ON attestations
BEGIN
    SELECT RAISE(ABORT, 'an attestation is never changed');
END;
