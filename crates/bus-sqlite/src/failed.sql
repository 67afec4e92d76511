-- Failed messages, format 1. README.md of this crate is the specification.
CREATE TABLE failed (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id  TEXT NOT NULL,
    service     TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    failed_at   INTEGER NOT NULL,
    nature      TEXT,
    error       TEXT NOT NULL,
    code        TEXT,
    message     TEXT NOT NULL,
    body        BLOB NOT NULL,
    envelope    TEXT NOT NULL,
    fate        TEXT CHECK (fate IN ('retried', 'forwarded', 'edited', 'discarded')),
    fate_at     INTEGER,
    fate_by     TEXT,
    UNIQUE (message_id, service, failed_at)
) STRICT;
CREATE INDEX failed_open ON failed (failed_at) WHERE fate IS NULL;
