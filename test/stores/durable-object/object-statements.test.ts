// Tests each statement of each object in the SQLite of workerd. A call reads no more rows because
// clients, or purges of long ago, have filled a table.
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundled } from "../../../local/bundling.ts";
import { type Colo, startColo } from "../../../local/colo.ts";
import {
  callPath,
  framed,
  type RecordCall,
} from "../../../src/stores/durable-object/framed-call.ts";
import { releaseTags } from "../../../src/purge/journal/purge-target.ts";
import type { Told } from "./statements-worker.ts";

/** The statements that scan a table, and the rows that they read at most. */
const scans: readonly (readonly [start: string, bound: string])[] = [
  ["SELECT number FROM reports ORDER BY number DESC LIMIT 1", "one row"],
  ["SELECT * FROM reports ORDER BY number LIMIT ?", "a page"],
  ["SELECT text FROM totals ORDER BY id", "the parts of one text"],
  ["SELECT number FROM hot_keys ORDER BY number DESC LIMIT 1", "one row"],
  ["SELECT ms, list FROM hot_keys ORDER BY number DESC LIMIT ?", "256 rows"],
  ["SELECT * FROM entries ORDER BY number DESC LIMIT 1", "one row"],
  ["SELECT post, position, n, bypass FROM switch", "the only row"],
  ["SELECT sql FROM sqlite_schema", "the tables and their indexes, at each start"],
  ["SELECT version FROM schema_version", "one row, at each start"],
  ["DELETE FROM schema_version", "one row, at the first start of a version"],
  ["SELECT min(number) AS number FROM (SELECT number, sum(", "the entries of a reply"],
  ["SELECT * FROM entries WHERE fields IS NOT NULL AND (ms", "the kept entries, for operators"],
  ["SELECT * FROM entries WHERE fields IS NOT NULL ORDER BY", "one row"],
  ["DELETE FROM entries WHERE fields IS NULL AND", "the deleted rows and one, in 1,000 appends"],
];

/** The statements that read more rows from a larger table, and their bounds. */
const growing: readonly (readonly [start: string, bound: string])[] = [];

/** The tables' rows: entries without fields, records, and states of subscribers. */
const sizes = { small: 200, large: 4_000 } as const;
type Size = keyof typeof sizes;

let colo: Colo | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-statements-"));
  const worker = await bundled({
    entryPoints: [fileURLToPath(new URL("statements-worker.ts", import.meta.url))],
    minify: false,
  });
  const shared = { objects: { JOURNAL: "Journal", RECORDS: "Records" }, host: "ROWS", folder };
  colo = await startColo({ name: "ROWS", worker, port: 0, env: {}, shared });
});

afterAll(async () => {
  await colo?.stop();
  await rm(folder, { recursive: true });
});

async function sent(path: string, body: string | ArrayBuffer): Promise<ArrayBuffer> {
  const response = await fetch(`${colo?.url}/${path}`, { method: "POST", body });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.arrayBuffer();
}

const parsed = (bytes: ArrayBuffer): unknown => JSON.parse(new TextDecoder().decode(bytes));
/** Runs a statement that begins with the numbers `i` from 1 to the size. */
const fill = (object: string, size: Size, statement: string) =>
  sent(
    `${object}/${size}/run`,
    `WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < ${sizes[size]}) ${statement}`,
  );

const kept = { keptCount: 20, countMax: 20, charsMax: 100_000 };
const objectBytes = 4 * 1_048_576;

/** Calls an object in each way, after `fill`. */
async function journalCalls(size: Size): Promise<void> {
  const call = async (name: string, ask: object) =>
    parsed(await sent(`JOURNAL/${size}/${name}`, JSON.stringify(ask)));
  const entries = Array.from({ length: 25 }, (_, nth) => ({
    n: "n",
    fields: ["v", "1"],
    tags: [`tag:${nth}`],
    prefixes: [`https://a.example/${nth}/`],
  }));
  // The last number before a sweep, because the next entry sweeps.
  await sent(
    `JOURNAL/${size}/run`,
    `INSERT INTO entries SELECT max(number) - max(number) % 1000 + 1999, max(ms), 1, 'n.x', '', NULL FROM entries`,
  );
  const append = { request: `all ${size}`, entries, ...kept };
  const { places } = (await call("append", append)) as { places: { n: string }[] };
  const [place, end] = [places.at(-3)!, places.at(-1)!];
  await call("append", append);
  const told = { n: "n", fields: ["v", "1"], tags: releaseTags("a"), prefixes: [] };
  await call("append", { request: `told ${size}`, entries: [told], ...kept });
  await call("read", kept);
  await call("read", { ...kept, after: place });
  await call("read", { ...kept, countMax: 1, after: place });
  await call("check", { ...kept, place });
  await call("check", { ...kept, place: { position: "0-0", n: "lost.1" } });
  const one = { ...append, entries: entries.slice(0, 1) };
  await call("append", { ...one, request: `one ${size}`, after: end });
  await call("mark", { ...one, request: `mark ${size}`, onlyIfEmpty: false });
  await call("mark", { ...one, onlyIfEmpty: true });
  const post = { ...one, request: `post ${size}`, post: "1", replaces: "", bypass: "{}" };
  await call("post", post);
  await call("post", post);
  await call("standing", { places: [place, end] });
  await call("epochs", { first: 0, last: 1 });
  await call("shown", { count: 9 });
  await call("shown", { count: 9, after: "0-0" });
  await call("extent", {});
  await call("states", { names: ["cdn", "other"] });
  await call("replaceState", { name: "cdn", version: "", text: size });
  await call("addHotKeys", { list: "[]" });
  await call("hotKeys", {});
  await call("report", { fields: ["n", "a"] });
  const { page } = (await call("reports", { count: 128 })) as { page: [string][] };
  const [firstId, lastId] = [page[0]?.[0], page.at(-1)?.[0]];
  // A value has at most 2 MB.
  const text = `1.a ${"ä😀".repeat(500_000)}`;
  expect(await call("fold", { version: "", firstId, lastId, text })).toBe(true);
  expect(await call("reports", { count: 1 })).toMatchObject({ totals: text });
}

async function recordCalls(size: Size): Promise<void> {
  const call = async (name: RecordCall, ask: object, body = new Uint8Array()) =>
    sent(`RECORDS/${size}/${callPath(name)}`, await framed({ ...ask, objectBytes }, body));
  const body = new Uint8Array(1_500_000);
  const record = { key: "key", keepMs: 60_000, head: "{}" };
  await call("read", { key: "1", part: "whole" });
  // A validation evicts the head of another from the memory.
  const head = JSON.stringify({ d: "digest", H: "p".repeat(600_000) });
  for (const key of ["one", "one", "one", "other", "other", "other"]) {
    await call("write", { ...record, key, head });
  }
  await call("write", record);
  const unless = { kind: "load", position: "0-0", recentFromMs: 0 };
  const records = [{ ...record, bodyBytes: body.byteLength, unless }];
  // Evicts, because the object has this size.
  await call("writeMany", { records }, body);
  await call("writeMany", { records }, body);
  await call("read", { key: "key", part: "whole" });
  await call("readMany", { keys: ["key", "other"] });
  await call("lock", { key: "key", record: "key", token: "token", ms: 1_000 });
  await call("replace", { key: "key", expected: "token", value: "", ms: 0 });
  await call("remove", { key: "key" });
}

async function statementsOf(size: Size): Promise<readonly Told[]> {
  const objects = ["JOURNAL", "RECORDS"] as const;
  const [atMs, day] = [Date.now(), 86_400_000];
  // As after another version.
  await sent(`JOURNAL/${size}/run`, "UPDATE schema_version SET version = 99");
  await sent(`JOURNAL/${size}/restart`, "");
  await fill(
    "JOURNAL",
    size,
    `INSERT INTO entries SELECT i, ${atMs - day} + i, 0, 'n.' || i, '', NULL FROM counted`,
  );
  await fill("JOURNAL", size, "INSERT INTO subscribers SELECT 'name ' || i, 'text' FROM counted");
  await fill("JOURNAL", size, "INSERT INTO reports SELECT i, i, '[]' FROM counted");
  const large = Math.floor((0.8 * objectBytes) / sizes[size]);
  await fill(
    "RECORDS",
    size,
    `INSERT INTO records SELECT i, ${atMs + day}, ${atMs}, 0, '{}', zeroblob(${large}) FROM counted`,
  );
  for (const object of objects) await sent(`${object}/${size}/restart`, "");
  await journalCalls(size);
  await recordCalls(size);
  const reports = objects.map(async (object) =>
    parsed(await sent(`${object}/${size}/statements`, "")),
  );
  const all = (await Promise.all(reports)).flat() as Told[];
  return all.map(({ query, plan, rowsRead }) => ({ query: spaced(query), plan, rowsRead }));
}

const spaced = (text: string) => text.replaceAll(/\s+/g, " ").trim();

/** Returns the statements in the sources of the objects. */
function statementsInSources(): readonly string[] {
  const sources = globSync("src/stores/durable-object/*.ts").map((path) =>
    readFileSync(path, "utf8"),
  );
  const form = /(["`])\s*((?:CREATE|DELETE|INSERT|REPLACE|SELECT|UPDATE|WITH)\s(?:(?!\1).)*)\1/gs;
  return sources.flatMap((text) =>
    [...text.matchAll(form)].map(([, , found = ""]) => spaced(found)),
  );
}

const [told, sources]: [Record<Size, readonly Told[]>, string[]] = [{ small: [], large: [] }, []];

beforeAll(async () => {
  told.small = await statementsOf("small");
  told.large = await statementsOf("large");
  sources.push(...statementsInSources());
});

const isIn = (list: typeof scans, query: string) => list.some(([start]) => query.startsWith(start));

it("each statement of the sources is run", () => {
  const ran = new Set([...told.small, ...told.large].map(({ query }) => query));
  expect(sources.length).toBeGreaterThan(30);
  expect(sources.filter((one) => !ran.has(one))).toEqual([]);
});

it("a statement scans no table, unless its bound is stated", () => {
  const scanning = told.large.filter(
    ({ query, plan }) =>
      plan.some((step) => /^SCAN (?!json_each|CONSTANT|\()/.test(step)) && !isIn(scans, query),
  );
  expect(scanning).toEqual([]);
  expect(scans.filter(([start]) => !sources.some((one) => one.startsWith(start)))).toEqual([]);
});

it("a statement reads no more rows from a larger table, unless its bound is stated", () => {
  const most = (size: Size, query: string) =>
    Math.max(...told[size].map((one) => (one.query === query ? one.rowsRead : 0)));
  const more = sources
    .map((query) => ({ query, few: most("small", query), many: most("large", query) }))
    .filter(({ query, few, many }) => many > Math.max(few, 64) && !isIn(growing, query));
  expect(more).toEqual([]);
  expect(growing.filter(([start]) => !sources.some((one) => one.startsWith(start)))).toEqual([]);
});
