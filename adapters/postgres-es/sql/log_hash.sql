-- The hash of a ledger up to a position: as `Head::advance`.
CREATE OR REPLACE FUNCTION aduan.log_hash(log_hash bytea, "position" bigint, record_hash bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT sha256('aduan/log/v1\012'::bytea || log_hash || int8send("position") || record_hash)
$$;
