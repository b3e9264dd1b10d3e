-- Everything of aduan, owned by a role that cannot log in, so that nobody who can log in may drop a guard.
CREATE SCHEMA aduan AUTHORIZATION aduan_owner;
