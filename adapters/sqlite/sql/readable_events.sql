-- The log for people with a sqlite3 prompt: ids, hashes and times as text. No program reads it.
CREATE VIEW readable_events AS
SELECT position,
       (SELECT substr(id, 1, 8) || '-' || substr(id, 9, 4) || '-' || substr(id, 13, 4) || '-' || substr(id, 17, 4) || '-' || substr(id, 21)
        FROM (SELECT lower(hex(aggregate_id)) AS id)) AS complaint,
       sequence,
       event_type,
       strftime('%Y-%m-%dT%H:%M:%S', recorded_at / 1000000, 'unixepoch')
           || format('.%06dZ', (recorded_at % 1000000 + 1000000) % 1000000) AS recorded_at,
       (SELECT substr(id, 1, 8) || '-' || substr(id, 9, 4) || '-' || substr(id, 13, 4) || '-' || substr(id, 17, 4) || '-' || substr(id, 21)
        FROM (SELECT lower(hex(command_id)) AS id)) || '/' || command_part AS command,
       payload,
       metadata,
       lower(hex(prev_hash)) AS prev_hash,
       lower(hex(record_hash)) AS record_hash
FROM events;
