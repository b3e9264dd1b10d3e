-- Sealed personal values under their digests. Noise to whoever has no key.
CREATE TABLE boxes (
    ledger       TEXT NOT NULL,
    aggregate_id BLOB NOT NULL CHECK (length(aggregate_id) = 16),
    digest       BLOB NOT NULL CHECK (length(digest) = 32),
    bytes        BLOB NOT NULL,
    PRIMARY KEY (ledger, aggregate_id, digest)
) STRICT;
