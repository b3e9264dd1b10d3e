-- The log. `position` is the rowid, so reading in order is reading the file from front to back; it is
-- unique per ledger, since a file holds one. Payload and metadata are the hashed bytes to the letter,
-- and come last, so that the guards reach a hash without walking over them.
CREATE TABLE events (
    position       INTEGER NOT NULL PRIMARY KEY,
    ledger         TEXT    NOT NULL,
    aggregate_type TEXT    NOT NULL CHECK (aggregate_type = 'complaint'),
    aggregate_id   BLOB    NOT NULL CHECK (length(aggregate_id) = 16),
    sequence       INTEGER NOT NULL CHECK (sequence > 0),
    event_type     TEXT    NOT NULL,
    event_version  TEXT    NOT NULL,
    command_id     BLOB    NOT NULL CHECK (length(command_id) = 16),
    command_part   INTEGER NOT NULL CHECK (command_part > 0),
    recorded_at    INTEGER NOT NULL, -- microseconds since 1970, UTC
    prev_hash      BLOB    NOT NULL CHECK (length(prev_hash) = 32),
    record_hash    BLOB    NOT NULL CHECK (length(record_hash) = 32),
    payload        TEXT    NOT NULL,
    metadata       TEXT    NOT NULL,
    UNIQUE (ledger, aggregate_id, sequence),
    UNIQUE (ledger, command_id, command_part)
) STRICT;
