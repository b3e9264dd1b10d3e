-- Sealed personal values, one row for what a command adds to a complaint. A box is taken by the hash of its bytes, which
-- the record names, so nobody can put another in its place. The marks, the first four bytes of each hash, only tell where
-- to look, and a row whose marks lie hides nothing but itself. Noise to whoever has no key: compressing it is in vain.
CREATE TABLE aduan.boxes (
    ledger       text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    marks        integer[] NOT NULL,
    sealed       bytea[] NOT NULL
)
WITH (toast_tuple_target = 8160);
ALTER TABLE aduan.boxes ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX boxes_complaint ON aduan.boxes (aggregate_id);
GRANT SELECT, INSERT ON aduan.boxes TO aduan_app;
