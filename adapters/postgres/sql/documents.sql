-- Policies, calendars and directories under the hash of their text, so that years later they are there.
CREATE TABLE aduan.documents (
    ledger text COLLATE "C" NOT NULL,
    hash   bytea NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    text   text NOT NULL,
    CONSTRAINT documents_key PRIMARY KEY (ledger, hash),
    CONSTRAINT documents_content CHECK (hash = sha256(convert_to(text, 'UTF8')))
);
GRANT SELECT, INSERT ON aduan.documents TO aduan_app;
