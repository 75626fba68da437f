// The demo newsroom's SQLite tables, and the opening of a database file that holds them.
import { DatabaseSync } from "node:sqlite";
import { seed } from "./seed.ts";
import { transact } from "./transact.ts";

const schemaVersion = 2;

const tables = `
CREATE TABLE authors (
  id   TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  beat TEXT NOT NULL
) STRICT;
CREATE TABLE articles (
  slug            TEXT PRIMARY KEY,
  title           TEXT NOT NULL,
  lede            TEXT NOT NULL,
  body            TEXT NOT NULL,
  section         TEXT NOT NULL,
  author_id       TEXT NOT NULL REFERENCES authors (id),
  version         INTEGER NOT NULL,
  published_at_ms INTEGER NOT NULL,
  updated_at_ms   INTEGER NOT NULL,
  withdrawn_at_ms INTEGER
) STRICT;
CREATE INDEX articles_by_section ON articles (section, published_at_ms DESC);
CREATE INDEX articles_by_time ON articles (published_at_ms DESC);
CREATE TABLE breaking (
  id           INTEGER PRIMARY KEY,
  text         TEXT,
  said_at_ms   INTEGER NOT NULL
) STRICT;
CREATE TABLE users (
  name          TEXT PRIMARY KEY,
  greeting_name TEXT NOT NULL,
  password_salt TEXT NOT NULL,
  password_hash TEXT NOT NULL
) STRICT;
CREATE TABLE sessions (
  id_hash       TEXT PRIMARY KEY,
  user_name     TEXT NOT NULL REFERENCES users (name),
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE follows (
  user_name TEXT NOT NULL REFERENCES users (name),
  section   TEXT NOT NULL,
  PRIMARY KEY (user_name, section)
) STRICT;
CREATE TABLE editors (
  name          TEXT PRIMARY KEY,
  password_salt TEXT NOT NULL,
  password_hash TEXT NOT NULL
) STRICT;
CREATE TABLE editor_sessions (
  id_hash       TEXT PRIMARY KEY,
  user_name     TEXT NOT NULL REFERENCES editors (name),
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE purge_outbox (
  place                  INTEGER PRIMARY KEY AUTOINCREMENT,
  id                     TEXT NOT NULL UNIQUE,
  body                   TEXT NOT NULL,
  enqueued_at_ms         INTEGER NOT NULL,
  failed_tries           INTEGER NOT NULL DEFAULT 0,
  next_try_at_ms         INTEGER,
  why                    TEXT,
  position               TEXT,
  accepted_at_ms         INTEGER,
  visible_within_seconds REAL
) STRICT;
CREATE INDEX purge_outbox_due ON purge_outbox (next_try_at_ms, place);
CREATE TABLE purge_pages (
  purge_id TEXT PRIMARY KEY REFERENCES purge_outbox (id),
  path     TEXT NOT NULL,
  version  INTEGER NOT NULL
) STRICT;
CREATE TABLE purge_sightings (
  purge_id   TEXT NOT NULL REFERENCES purge_outbox (id),
  colo       TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  PRIMARY KEY (purge_id, colo)
) STRICT;
`;

/**
 * Opens the newsroom's database; an empty one gets its tables and the seeded articles.
 *
 * @param databasePath a file, or ":memory:" for one that is gone when it is closed
 * @throws when the file was written by another version of this schema
 */
export function openDatabase(databasePath: string): DatabaseSync {
  const database = new DatabaseSync(databasePath);
  const found = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (found === schemaVersion) return database;
  if (found !== 0) {
    database.close();
    throw new Error(
      `The demo newsroom cannot open ${databasePath}. Its schema is version ${found}, and this ` +
        `program writes version ${schemaVersion}. Delete the file; it is filled anew on start.`,
    );
  }
  // One transaction, so that a start cut short leaves an empty file and not half a newsroom.
  transact(database, () => {
    database.exec(tables);
    seed(database);
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
  });
  return database;
}
