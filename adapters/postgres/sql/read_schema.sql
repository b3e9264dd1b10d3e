-- Read models, apart from the ledger: what they hold is derived, and whoever may write it may write nothing else.
CREATE SCHEMA aduan_read AUTHORIZATION aduan_owner;
