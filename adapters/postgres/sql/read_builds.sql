-- One row for each build of a ledger's read models: how far it has come. Every step moves it first, from where it
-- stood: of two that take the same step one finds it moved.
CREATE TABLE aduan_read.builds (
    ledger      text COLLATE "C" NOT NULL,
    number      integer NOT NULL,
    version     integer NOT NULL,
    position    bigint NOT NULL,
    -- Of the record at the position; zeros at 0.
    record_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(record_hash) = 32),
    is_live     boolean NOT NULL,
    stopped     text COLLATE "C",
    CONSTRAINT builds_key PRIMARY KEY (ledger, number)
)
-- Every step leaves a dead row behind: room on the page lets the next one take its place.
WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
-- One answers, or none.
CREATE UNIQUE INDEX builds_live ON aduan_read.builds (ledger) WHERE is_live;
GRANT SELECT, INSERT, UPDATE, DELETE ON aduan_read.builds TO aduan_app;
