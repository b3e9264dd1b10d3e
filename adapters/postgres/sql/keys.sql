-- The keys of complaints, wrapped by an outer key that is not in this database. Destroying that one erases.
CREATE TABLE aduan.keys (
    epoch        bigint NOT NULL CHECK (epoch >= 0),
    ledger       text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL CHECK (octet_length(aggregate_id) = 36),
    commitment   bytea  NOT NULL CHECK (octet_length(commitment) = 32),
    wrapped      bytea  NOT NULL,
    CONSTRAINT keys_key PRIMARY KEY (ledger, aggregate_id, epoch, commitment)
);
GRANT SELECT, INSERT ON aduan.keys TO aduan_app;
