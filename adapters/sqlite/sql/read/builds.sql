-- The builds of the read models. AUTOINCREMENT: the number of one that is gone is never given again.
CREATE TABLE builds (
    number      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    version     INTEGER NOT NULL,
    position    INTEGER NOT NULL DEFAULT 0 CHECK (position >= 0),
    -- of the record at the position; zeros at 0
    record_hash BLOB    NOT NULL DEFAULT (zeroblob(32)) CHECK (length(record_hash) = 32),
    is_live     INTEGER NOT NULL DEFAULT 0 CHECK (is_live IN (0, 1)),
    stopped     TEXT -- why it goes no further; NULL while it does
) STRICT;
