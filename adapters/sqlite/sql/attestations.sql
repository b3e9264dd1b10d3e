-- What signers attested of the ledger: checkpoints and keys handed over, by size and by the hash of their text.
CREATE TABLE attestations (
    ledger TEXT    NOT NULL,
    size   INTEGER NOT NULL CHECK (size >= 0),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    note   TEXT    NOT NULL,
    PRIMARY KEY (ledger, size, digest)
) STRICT, WITHOUT ROWID;
