-- One row: how far the ledger of this file goes. The only row that is ever updated.
CREATE TABLE ledger (
    name        TEXT    NOT NULL PRIMARY KEY,
    position    INTEGER NOT NULL CHECK (position >= 0),
    record_hash BLOB    NOT NULL CHECK (length(record_hash) = 32),
    -- Runs over every record in order; `aduan verify` computes it anew.
    log_hash    BLOB    NOT NULL CHECK (length(log_hash) = 32)
) STRICT, WITHOUT ROWID;
