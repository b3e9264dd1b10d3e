-- What signers attested of a ledger: checkpoints and keys handed over, by size and by the hash of their text.
CREATE TABLE aduan.attestations (
    size   bigint NOT NULL,
    ledger text COLLATE "C" NOT NULL,
    digest bytea  NOT NULL,
    note   text   NOT NULL,
    CONSTRAINT attestations_key PRIMARY KEY (ledger, size, digest),
    CONSTRAINT attestations_content CHECK (digest = sha256(convert_to(note, 'UTF8'))),
    CONSTRAINT attestations_size CHECK (size >= 0)
);
GRANT SELECT, INSERT ON aduan.attestations TO aduan_app;
