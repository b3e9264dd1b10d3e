-- Which steps of the schema were taken, and by what text.
CREATE TABLE aduan.migrations (
    number     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text COLLATE "C" NOT NULL UNIQUE,
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    applied_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON aduan.migrations TO aduan_app;
GRANT USAGE ON SCHEMA aduan TO aduan_app;
