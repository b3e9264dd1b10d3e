-- What the first record of a complaint links to: as `record::genesis`.
CREATE FUNCTION aduan.genesis(ledger text, complaint text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT sha256('aduan/genesis/v1\012'::bytea
        || int8send(octet_length(ledger)) || convert_to(ledger, 'UTF8')
        || int8send(octet_length(complaint)) || convert_to(complaint, 'UTF8'))
$$;
