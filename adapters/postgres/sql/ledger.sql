-- One row a ledger: how far it goes. The only rows that are ever updated, and what makes positions gapless:
-- whoever appends moves this row in the same statement.
CREATE TABLE aduan.ledger (
    position    bigint NOT NULL,
    name        text COLLATE "C" PRIMARY KEY,
    record_hash bytea NOT NULL,
    -- Runs over every record in order; `aduan verify` computes it anew.
    log_hash    bytea NOT NULL
)
-- Every append leaves a dead row behind: room on the page lets the next one take its place without a vacuum.
WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
GRANT SELECT, INSERT ON aduan.ledger TO aduan_app;
-- The one thing that an application may change.
GRANT UPDATE (position, record_hash, log_hash) ON aduan.ledger TO aduan_app;
