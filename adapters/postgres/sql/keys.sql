-- The keys of complaints, wrapped by an outer key that is not in this database. Destroying that one erases. Whoever may
-- insert may add wrappings; those open nothing, and readers go on to the next.
CREATE TABLE aduan.keys (
    epoch        bigint NOT NULL,
    ledger       text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    commitment   bytea  NOT NULL,
    wrapped      bytea  NOT NULL,
    CONSTRAINT keys_key PRIMARY KEY (aggregate_id, epoch, commitment, ledger),
    CONSTRAINT keys_form CHECK (epoch >= 0 AND epoch <= 4294967295 AND octet_length(commitment) = 32)
);
GRANT SELECT, INSERT ON aduan.keys TO aduan_app;
