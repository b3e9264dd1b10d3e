-- Which versions of the read models have tables here, and by what text they were made.
CREATE TABLE aduan_read.versions (
    version integer PRIMARY KEY,
    hash    bytea NOT NULL CHECK (octet_length(hash) = 32),
    made_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON aduan_read.versions TO aduan_app;
GRANT USAGE ON SCHEMA aduan_read TO aduan_app;
