-- The bus file, format 1. README.md of this crate is the specification.

-- The services of the bus.
CREATE TABLE service (
    name      TEXT PRIMARY KEY,
    paused_at INTEGER
) STRICT, WITHOUT ROWID;

-- What they listen to.
CREATE TABLE binding (
    service TEXT NOT NULL REFERENCES service (name) ON DELETE CASCADE,
    pattern TEXT NOT NULL,
    PRIMARY KEY (service, pattern)
) STRICT, WITHOUT ROWID;

-- Every message once, however many services have it.
CREATE TABLE message (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL,
    routing_key    TEXT NOT NULL,
    body           BLOB NOT NULL,
    headers        TEXT,
    producer       TEXT,
    type           TEXT,
    correlation_id TEXT,
    content_type   TEXT,
    reply_to       TEXT,
    time           INTEGER,
    traceparent    TEXT,
    tracestate     TEXT,
    published_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX message_by_id ON message (id);

-- A message on its way to one service, or where it ended up.
CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    message      INTEGER NOT NULL REFERENCES message (seq),
    service      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('ready', 'again', 'failed', 'unrouted')),
    due          INTEGER NOT NULL,
    envelope     TEXT,
    redeliveries INTEGER NOT NULL DEFAULT 0,
    claim        INTEGER NOT NULL DEFAULT 0,
    holder       INTEGER
) STRICT;
CREATE INDEX delivery_free ON delivery (service, due, id) WHERE state = 'ready' AND holder IS NULL;
CREATE INDEX delivery_held ON delivery (holder) WHERE holder IS NOT NULL;
CREATE INDEX delivery_elsewhere ON delivery (state, due) WHERE state <> 'ready';
CREATE INDEX delivery_by_message ON delivery (message);

-- The processes that hold deliveries, alive as long as they say so.
CREATE TABLE holder (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    process     INTEGER NOT NULL,
    alive_until INTEGER NOT NULL
) STRICT;

-- What happened.
CREATE TABLE journal (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    what     TEXT NOT NULL,
    message  INTEGER NOT NULL REFERENCES message (seq),
    service  TEXT,
    attempt  INTEGER NOT NULL,
    errors   TEXT,
    due_at   INTEGER,
    target   TEXT,
    took     INTEGER,
    reason   TEXT
) STRICT;
CREATE INDEX journal_by_message ON journal (message);
CREATE INDEX journal_by_time ON journal (at);
