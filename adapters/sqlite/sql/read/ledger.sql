-- One row: whose read models these are.
CREATE TABLE ledger (
    name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
