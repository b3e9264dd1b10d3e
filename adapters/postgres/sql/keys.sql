-- The keys of complaints, wrapped by an outer key that is not in this database. Destroying that one erases.
CREATE TABLE aduan.keys (
    epoch        bigint NOT NULL,
    ledger       text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    commitment   bytea  NOT NULL,
    wrapped      bytea  NOT NULL,
    CONSTRAINT keys_key PRIMARY KEY (aggregate_id, epoch, commitment, ledger)
);
GRANT SELECT, INSERT ON aduan.keys TO aduan_app;
