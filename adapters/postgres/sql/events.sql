-- The log: the columns of postgres-es, and what it lacks. Payload and metadata are `json`, which keeps the
-- hashed bytes to the letter (`jsonb` would not). Fixed widths come first, so that no row is padded.
CREATE TABLE aduan.events (
    position       bigint      NOT NULL CHECK (position > 0),
    sequence       bigint      NOT NULL CHECK (sequence > 0),
    recorded_at    timestamptz NOT NULL,
    command_part   integer     NOT NULL CHECK (command_part > 0),
    command_id     uuid        NOT NULL,
    ledger         text COLLATE "C" NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL CHECK (aggregate_type = 'complaint'),
    aggregate_id   text COLLATE "C" NOT NULL CHECK (octet_length(aggregate_id) = 36),
    event_type     text COLLATE "C" NOT NULL,
    event_version  text COLLATE "C" NOT NULL,
    prev_hash      bytea       NOT NULL CHECK (octet_length(prev_hash) = 32),
    record_hash    bytea       NOT NULL CHECK (octet_length(record_hash) = 32),
    payload        json        NOT NULL,
    metadata       json        NOT NULL,
    CONSTRAINT events_position  PRIMARY KEY (ledger, position),
    CONSTRAINT events_complaint UNIQUE (ledger, aggregate_id, sequence),
    CONSTRAINT events_command   UNIQUE (ledger, command_id, command_part)
);
GRANT SELECT, INSERT ON aduan.events TO aduan_app;
