-- The owner cannot log in. The application logs in as `aduan_app`, once it has a password or a certificate, or as a
-- role that is a member of it. A stalled application must not hold the ledger row: hence the time limits, which hold for
-- `aduan_app` itself and not for its members.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aduan_owner') THEN
        CREATE ROLE aduan_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aduan_app') THEN
        CREATE ROLE aduan_app LOGIN;
        ALTER ROLE aduan_app SET lock_timeout = '10s';
        ALTER ROLE aduan_app SET statement_timeout = '60s';
        ALTER ROLE aduan_app SET idle_in_transaction_session_timeout = '10s';
    END IF;
END
$$;
