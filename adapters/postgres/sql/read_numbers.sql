-- The number of the last build of each ledger, so that none comes again. Whoever begins or switches holds its row.
CREATE TABLE aduan_read.numbers (
    ledger text COLLATE "C" PRIMARY KEY,
    last   integer NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON aduan_read.numbers TO aduan_app;
