-- The log of one ledger, that of the setting `aduan.ledger`, with the columns of postgres-es.
--
-- It reads and writes payload and metadata as JSON strings that hold their text: sqlx hands JSON over as `jsonb`, which
-- keeps its values but not its bytes, and the bytes are what is hashed. (`ledger || ''`: see `aduan.events`.)
CREATE OR REPLACE VIEW aduan.postgres_es_events AS
    SELECT aggregate_type, aggregate_id, sequence, event_type, event_version,
           to_json(payload::text) AS payload, to_json(metadata::text) AS metadata
    FROM aduan.events
    WHERE ledger || '' = current_setting('aduan.ledger');
GRANT SELECT, INSERT ON aduan.postgres_es_events TO aduan_app;
