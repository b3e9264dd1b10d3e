-- Policies, calendars and directories under the hash of their text, so that years later they are there.
CREATE TABLE documents (
    ledger TEXT NOT NULL,
    hash   BLOB NOT NULL CHECK (length(hash) = 32),
    kind   TEXT NOT NULL,
    text   TEXT NOT NULL,
    PRIMARY KEY (ledger, hash)
) STRICT;
