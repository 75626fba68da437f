CREATE TABLE authors (
  id   TEXT PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;
CREATE TABLE sections (
  id    TEXT PRIMARY KEY,
  title TEXT NOT NULL
) STRICT;
CREATE TABLE articles (
  slug            TEXT PRIMARY KEY,
  title           TEXT NOT NULL,
  lede            TEXT NOT NULL,
  body            TEXT NOT NULL,
  section         TEXT NOT NULL REFERENCES sections (id),
  author          TEXT NOT NULL REFERENCES authors (id),
  published_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX articles_by_time ON articles (published_at_ms DESC);
CREATE INDEX articles_by_section ON articles (section, published_at_ms DESC);
CREATE TABLE breaking (
  said_at_ms INTEGER PRIMARY KEY,
  text       TEXT NOT NULL
) STRICT;
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
CREATE TABLE readers (
  name          TEXT PRIMARY KEY,
  greeting      TEXT NOT NULL,
  follows       TEXT NOT NULL,
  password_salt TEXT NOT NULL,
  password_hash TEXT NOT NULL
) STRICT;
-- What `sinkSchema({ of: "sqlite" })` of `tidemark/sinks` says: the counters, and how far they are written.
CREATE TABLE tidemark_marks (
  set_name TEXT NOT NULL PRIMARY KEY,
  slice    INTEGER NOT NULL,
  key      TEXT
) WITHOUT ROWID;
CREATE TABLE tidemark_counters (
  set_name TEXT NOT NULL,
  key      TEXT NOT NULL,
  value    INTEGER,
  PRIMARY KEY (set_name, key)
) WITHOUT ROWID;
