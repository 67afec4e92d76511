-- Failed messages that somebody is acting upon; README.md of this crate tells more.
CREATE TABLE IF NOT EXISTS claimed (
    failed INTEGER PRIMARY KEY REFERENCES failed (id),
    at     INTEGER NOT NULL,
    by     TEXT NOT NULL
) STRICT;
