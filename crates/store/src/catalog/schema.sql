-- The catalog, format 3. README.md says what each table means.

CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE names (
    kind INTEGER NOT NULL,           -- 0 actor, 1 operation, 2 service, 3 endpoint
    id   INTEGER NOT NULL,           -- from 2; 0 is unknown, 1 is (other)
    name BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

CREATE TABLE sets (
    id         INTEGER NOT NULL,     -- from 1; 0 is the empty set
    operation  INTEGER NOT NULL,
    PRIMARY KEY (id, operation)
) WITHOUT ROWID;

CREATE TABLE sources (
    id     INTEGER PRIMARY KEY,
    name   TEXT    NOT NULL UNIQUE,
    typed  INTEGER NOT NULL DEFAULT 0, -- 1: nobody configured it, its name is a file's path
    behind TEXT                        -- the source in front of it
);

CREATE TABLE files (
    id        INTEGER PRIMARY KEY,
    source    INTEGER NOT NULL REFERENCES sources (id),
    path      TEXT    NOT NULL,      -- when it was last read
    head      BLOB,                  -- the first 4096 bytes, fewer while it is shorter; NULL: not kept
    head_hash BLOB    NOT NULL,      -- XXH3-128 of them
    position  INTEGER NOT NULL,
    lines     INTEGER NOT NULL,
    unread    INTEGER NOT NULL,      -- lines that no format reads
    format    TEXT    NOT NULL,      -- it was last read with
    tail_len  INTEGER NOT NULL,
    tail_hash BLOB    NOT NULL
);
CREATE INDEX files_by_head ON files (source, head_hash);

CREATE TABLE segments (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    rows        INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    raw_bytes   INTEGER NOT NULL,
    from_time   INTEGER,             -- microseconds; NULL: no row has a time
    to_time     INTEGER,
    hash        BLOB    NOT NULL,    -- XXH3-128 of the file
    listed      TEXT    NOT NULL,    -- JSON: column -> all its values, where they are few
    commit_id   INTEGER NOT NULL,
    replaced_at INTEGER              -- since when no new reader looks at it
);
CREATE INDEX segments_by_time ON segments (kind, to_time) WHERE replaced_at IS NULL;

-- What readers look at: not replaced, and of no generation that is still being built.
CREATE VIEW visible AS SELECT * FROM segments WHERE replaced_at IS NULL
    AND generation <= (SELECT value FROM meta WHERE key = 'generation');

-- What segments of calls and marks say about their request ids before they are opened.
CREATE TABLE id_filters (
    segment INTEGER PRIMARY KEY,
    filters TEXT NOT NULL            -- JSON
);

CREATE TABLE cube (
    generation INTEGER NOT NULL,
    level      INTEGER NOT NULL,     -- projection * 4 + width
    bucket     INTEGER NOT NULL,     -- start, in minutes since 1970
    part       INTEGER NOT NULL,     -- which cells share the row
    cells      BLOB    NOT NULL,     -- their dimensions, and how many calls
    PRIMARY KEY (generation, level, bucket, part)
) WITHOUT ROWID;

-- Of the same cells, what fewer questions ask for, and most bytes are.
CREATE TABLE cube_sums (
    generation INTEGER NOT NULL,
    level      INTEGER NOT NULL,
    bucket     INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    sums       BLOB    NOT NULL,     -- how many bytes, how long, as a histogram too
    PRIMARY KEY (generation, level, bucket, part)
) WITHOUT ROWID;

CREATE TABLE mark_cube (
    width     INTEGER NOT NULL,
    bucket    INTEGER NOT NULL,
    service   INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    marks     INTEGER NOT NULL,
    PRIMARY KEY (width, bucket, service, operation)
) WITHOUT ROWID;

CREATE TABLE waiting (
    key       BLOB    NOT NULL,      -- XXH3-128 of the request id; empty: the mark has none
    seq       INTEGER NOT NULL,
    time      INTEGER,
    source    INTEGER NOT NULL,
    service   INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    PRIMARY KEY (key, seq)
) WITHOUT ROWID;
CREATE INDEX waiting_by_time ON waiting (time);

-- Marks that waited until the lines of their time were removed.
CREATE TABLE mark_only (
    service   INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    marks     INTEGER NOT NULL,
    PRIMARY KEY (service, operation)
) WITHOUT ROWID;

-- The same by day.
CREATE TABLE mark_only_days (
    service   INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    day       INTEGER NOT NULL,      -- since 1970 (UTC)
    marks     INTEGER NOT NULL,
    PRIMARY KEY (service, operation, day)
) WITHOUT ROWID;

CREATE TABLE amendments (
    segment    INTEGER NOT NULL,
    row        INTEGER NOT NULL,     -- from 0
    role       INTEGER NOT NULL,     -- 0 call, 1 hop
    service    INTEGER NOT NULL,
    operations INTEGER NOT NULL,     -- the set it entered, all marks so far
    joined     INTEGER NOT NULL,
    marks      INTEGER NOT NULL,     -- how many it has
    bypassed   INTEGER NOT NULL,
    repeated   INTEGER NOT NULL,
    commit_id  INTEGER NOT NULL,     -- the commit that brought the last change
    PRIMARY KEY (segment, row)
) WITHOUT ROWID;

-- Segments of calls that a commit could not read: the join has still to look at them.
CREATE TABLE unmet (segment INTEGER PRIMARY KEY) WITHOUT ROWID;

-- Request ids that more than one call carries, outside a chain.
CREATE TABLE repeats (key BLOB PRIMARY KEY) WITHOUT ROWID;

-- Request ids that too many lines carry to be joined by them.
CREATE TABLE overused (key BLOB PRIMARY KEY) WITHOUT ROWID;

-- What a report counts beside the cube.
CREATE TABLE findings (
    generation INTEGER NOT NULL,
    hour       INTEGER NOT NULL,     -- hours since 1970; -2^63: calls without a time
    what       TEXT    NOT NULL,     -- bypassed, disagreement
    calls      INTEGER NOT NULL,
    PRIMARY KEY (generation, hour, what)
) WITHOUT ROWID;

CREATE TABLE callers (
    id         INTEGER PRIMARY KEY,  -- 1 is (other)
    address    BLOB NOT NULL,
    user_agent BLOB NOT NULL,
    user       BLOB NOT NULL,
    UNIQUE (address, user_agent, user)
);

CREATE TABLE caller_counts (
    generation INTEGER NOT NULL,
    width      INTEGER NOT NULL,
    bucket     INTEGER NOT NULL,
    part       INTEGER NOT NULL,     -- caller / 4096, rounded down
    counts     BLOB    NOT NULL,     -- callers, what their calls are counted under, and calls
    PRIMARY KEY (generation, width, bucket, part)
) WITHOUT ROWID;

CREATE TABLE coverage (
    source INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    hour   INTEGER NOT NULL,         -- hours since 1970; -2^63: lines without a time
    lines  INTEGER NOT NULL,
    PRIMARY KEY (source, kind, hour)
) WITHOUT ROWID;

CREATE TABLE generations (
    id       INTEGER PRIMARY KEY,
    rules    TEXT    NOT NULL,       -- the version of the rules
    state    TEXT    NOT NULL,       -- building, current, past
    started  INTEGER NOT NULL,
    finished INTEGER
);

-- What a generation under way has: a segment, what was made of it, and after which commit.
CREATE TABLE derived (
    generation INTEGER NOT NULL,
    old        INTEGER NOT NULL,
    new        INTEGER NOT NULL,
    commit_id  INTEGER NOT NULL,
    PRIMARY KEY (generation, old)
) WITHOUT ROWID;

-- What somebody is told of; a cause is one alert for ever.
CREATE TABLE alerts (
    id           INTEGER PRIMARY KEY,
    kind         TEXT    NOT NULL,
    cause        TEXT    NOT NULL,
    service      TEXT,
    operation    TEXT,
    opened       INTEGER NOT NULL,   -- by the clock on the wall
    first        INTEGER,            -- by the logs
    last         INTEGER,
    count        INTEGER NOT NULL,
    told         INTEGER NOT NULL,   -- the count that somebody was told; 0: nobody yet
    acknowledged INTEGER,
    muted_until  INTEGER,
    UNIQUE (kind, cause)
);

-- Of alerts that were told, what is still to be sent.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY,
    target   TEXT    NOT NULL,       -- to whom
    key      TEXT    NOT NULL,       -- the same for the same thing
    body     TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    due      INTEGER NOT NULL,       -- when it is tried again
    UNIQUE (target, key)
);

-- What owners said.
CREATE TABLE words (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    said       INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    operation  TEXT,
    service    TEXT,
    actor      TEXT,
    address    TEXT,
    user_agent TEXT,
    who        TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    taken_back INTEGER
);

-- Path templates that were learned from the lines, one JSON object each.
CREATE TABLE templates (id INTEGER PRIMARY KEY, learned TEXT NOT NULL);

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    what   TEXT    NOT NULL,
    detail TEXT    NOT NULL
);
