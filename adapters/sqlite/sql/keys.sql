-- The keys of complaints, wrapped by an outer key that is not in this file. Destroying that one erases.
CREATE TABLE keys (
    ledger       TEXT    NOT NULL,
    aggregate_id BLOB    NOT NULL CHECK (length(aggregate_id) = 16),
    epoch        INTEGER NOT NULL CHECK (epoch >= 0),
    commitment   BLOB    NOT NULL CHECK (length(commitment) = 32),
    wrapped      BLOB    NOT NULL,
    PRIMARY KEY (ledger, aggregate_id, epoch, commitment)
) STRICT, WITHOUT ROWID;
