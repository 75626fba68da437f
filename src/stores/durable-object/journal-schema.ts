// The tables of the Durable Object of a journal or of reports.
import type { ObjectSchema } from "./object-schema.ts";

/**
 * - `entries`: one row for each place. `request` is the id of the request that appended the entry, a
 *   space, and the entry's names in its epoch. Once the entry is trimmed, `fields` is null, and
 *   `request` has no id.
 * - `switch`: the last post.
 * - `released`: the last entry that told a release, as JSON.
 * - `totals`: `folded` is the number of the last report in the totals, so that no number is used
 *   again. It comes before the long text, so that a report reads no text. `text` is a part of the
 *   totals, in the order of the rows, because a value has at most 2 MB.
 */
export const journalSchema: ObjectSchema = {
  version: 2,
  // An isolate that misses its last entry appends a mark, which covers everything (rule 17).
  lost: [
    `CREATE TABLE entries (
       number INTEGER PRIMARY KEY, ms INTEGER NOT NULL, sequence INTEGER NOT NULL,
       n TEXT NOT NULL, request TEXT NOT NULL, fields TEXT)`,
    `CREATE INDEX entriesByRequest ON entries (request)`,
    `CREATE INDEX keptEntries ON entries (number) WHERE fields IS NOT NULL`,
    `CREATE TABLE hot_keys (
       number INTEGER PRIMARY KEY, ms INTEGER NOT NULL, list TEXT NOT NULL)`,
  ],
  kept: [
    `CREATE TABLE switch (
       id INTEGER PRIMARY KEY, post TEXT, position TEXT, n TEXT, bypass TEXT)`,
    `CREATE TABLE released (id INTEGER PRIMARY KEY, entry TEXT NOT NULL)`,
    `CREATE TABLE subscribers (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE reports (
       number INTEGER PRIMARY KEY, ms INTEGER NOT NULL, fields TEXT NOT NULL)`,
    `CREATE TABLE totals (
       id INTEGER PRIMARY KEY, folded INTEGER NOT NULL, text TEXT NOT NULL)`,
  ],
};
