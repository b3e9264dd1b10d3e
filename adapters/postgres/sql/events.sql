-- The log: the columns of postgres-es, and what it lacks. Payload and metadata are `json`, which keeps the
-- hashed bytes to the letter (`jsonb` would not). Fixed widths come first, so that no row is padded. What a value
-- must be is asked by the insert guard: a CHECK here is parsed anew for every statement.
--
-- The ledger is in every key, but leads only in that of positions, which is read in ranges. Whoever asks for a
-- complaint or a command writes `ledger || '' = …`: a table that was never analysed looks empty, any index that
-- begins with the ledger then looks as good as the right one, and a plan that takes it reads the whole ledger.
CREATE TABLE aduan.events (
    position       bigint      NOT NULL,
    sequence       bigint      NOT NULL,
    recorded_at    timestamptz NOT NULL,
    command_part   integer     NOT NULL,
    command_id     uuid        NOT NULL,
    ledger         text COLLATE "C" NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id   text COLLATE "C" NOT NULL,
    event_type     text COLLATE "C" NOT NULL,
    event_version  text COLLATE "C" NOT NULL,
    prev_hash      bytea       NOT NULL,
    record_hash    bytea       NOT NULL,
    payload        json        NOT NULL,
    metadata       json        NOT NULL,
    CONSTRAINT events_position  PRIMARY KEY (ledger, position),
    CONSTRAINT events_complaint UNIQUE (aggregate_id, sequence, ledger),
    CONSTRAINT events_command   UNIQUE (command_id, command_part, ledger)
);
GRANT SELECT, INSERT ON aduan.events TO aduan_app;
