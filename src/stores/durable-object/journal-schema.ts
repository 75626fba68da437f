// The tables of the Durable Object of a journal or of reports. They are no cache, so each version
// takes over those of the version before (CONTRIBUTING.md, "A table of a Durable Object").
import { namesOf } from "../../purge/journal/book.ts";
import { entriesOf, releasesIn } from "../../purge/journal/entry.ts";
import { everything } from "../../purge/journal/purge-target.ts";
import { type Row, storedEntry } from "./journal-tables.ts";
import type { Sql } from "./last-purges.ts";
import type { SchemaStep } from "./schema-steps.ts";

/**
 * - `entries`: one row for each place. `request` is the id of the request that appended the entry, a
 *   space, and the entry's names in its epoch. Once the entry is trimmed, `fields` is null, and
 *   `request` has no id. Rows of version 0.2.0 have no space and no names.
 * - `switch`: the last post.
 * - `released`: the last entry that told a release, as JSON.
 * - `purged`: the number of the last entry with a target of this name.
 * - `totals`: `folded` is the number of the last report in the totals, so that no number is used
 *   again. It comes before the long text, so that a report reads no text. `text` is a part of the
 *   totals, in the order of the rows, because a value has at most 2 MB.
 */
const tables = [
  `CREATE TABLE IF NOT EXISTS entries (
     number INTEGER PRIMARY KEY, ms INTEGER NOT NULL, sequence INTEGER NOT NULL,
     n TEXT NOT NULL, request TEXT NOT NULL, fields TEXT)`,
  `CREATE INDEX IF NOT EXISTS entriesByRequest ON entries (request)`,
  `CREATE INDEX IF NOT EXISTS keptEntries ON entries (number) WHERE fields IS NOT NULL`,
  `CREATE TABLE IF NOT EXISTS switch (
     id INTEGER PRIMARY KEY, post TEXT, position TEXT, n TEXT, bypass TEXT)`,
  `CREATE TABLE IF NOT EXISTS released (id INTEGER PRIMARY KEY, entry TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS purged (
     name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS subscribers (
     name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS reports (
     number INTEGER PRIMARY KEY, ms INTEGER NOT NULL, fields TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS totals (
     id INTEGER PRIMARY KEY, folded INTEGER NOT NULL, text TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS hot_keys (
     number INTEGER PRIMARY KEY, ms INTEGER NOT NULL, list TEXT NOT NULL)`,
];

/**
 * The book of 0.2.0, which reads no version. Its only row covers every record, so that 0.2.0 vouches
 * for no stamp: this version notes its purges elsewhere. The trigger forgets this version once 0.2.0
 * notes a purge here, so that the next start runs the step again.
 */
const bookOf020 = [
  `DROP TABLE IF EXISTS targets`,
  `CREATE TABLE targets (
     kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
     PRIMARY KEY (kind, name)) WITHOUT ROWID`,
  `INSERT INTO targets VALUES ('prefix', '', 9007199254740991)`,
  `CREATE TRIGGER noted_elsewhere AFTER INSERT ON targets BEGIN DELETE FROM schema_versions; END`,
];

export const journalSteps: readonly SchemaStep[] = [
  {
    up: (sql) => {
      for (const statement of tables) sql.exec(statement);
      noteEarlierEntries(sql);
      for (const statement of bookOf020) sql.exec(statement);
    },
    // Never read: nothing before this version knows of steps.
    down: [],
  },
];

/**
 * Notes what entries from before this version, or of a version that ran in between, have left out:
 * all of them as purges of everything, and the last that told a release.
 */
function noteEarlierEntries(sql: Sql): void {
  sql.exec(
    "INSERT OR REPLACE INTO purged SELECT ?, number FROM entries ORDER BY number DESC LIMIT 1",
    ...namesOf(everything),
  );
  const rows = sql.exec(
    `SELECT * FROM entries WHERE fields IS NOT NULL AND fields LIKE '%released:%'
     ORDER BY number DESC`,
  );
  const entries = (rows.toArray() as unknown as Row[]).map(storedEntry);
  const release = entries.find((entry) => releasesIn(entriesOf([entry])).length > 0);
  if (release === undefined) return;
  sql.exec("INSERT OR REPLACE INTO released VALUES (1, ?)", JSON.stringify(release));
}
