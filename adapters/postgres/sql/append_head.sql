-- What the writer says, not a step of the schema: moves the head if nobody else did, and appends what follows it.
-- Gives the number of events written. Arrays are unfolded side by side in a select list: in FROM, each would be
-- written to a store of its own first.
WITH head AS (
    UPDATE aduan.ledger SET position = $2 + cardinality($6::bigint[]), record_hash = $4, log_hash = $5
    WHERE name = $1 AND position = $2 AND log_hash = $3
    RETURNING name
