-- Sealed personal values under their digests. Noise to whoever has no key, so compressing them is in vain.
CREATE TABLE aduan.boxes (
    ledger       text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    digest       bytea NOT NULL,
    bytes        bytea NOT NULL,
    CONSTRAINT boxes_key PRIMARY KEY (aggregate_id, digest, ledger),
    CONSTRAINT boxes_content CHECK (digest = sha256(bytes))
);
ALTER TABLE aduan.boxes ALTER COLUMN bytes SET STORAGE EXTERNAL;
GRANT SELECT, INSERT ON aduan.boxes TO aduan_app;
