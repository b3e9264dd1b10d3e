CREATE TRIGGER attestations_delete_guard BEFORE DELETE ON attestations
BEGIN
    SELECT RAISE(ABORT, 'an attestation is never deleted');
END;
