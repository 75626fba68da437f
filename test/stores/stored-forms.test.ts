// Tests the forms of stored data, one fixture for each store: the source must write the texts of the golden file, and
// read them. After a change of a form, update the file with `vitest -u`, and follow CONTRIBUTING.md, "A form".
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  decodeRecord,
  encodeRecord,
  version as recordVersion,
} from "../../src/cache/tiers/record-codec.ts";
import type { RecordForm } from "../../src/cache/tiers/record-form.ts";
import type { RecordHead } from "../../src/cache/tiers/tier.ts";
import { headIn, headText } from "../../src/data/fields/hash-fields.ts";
import { fieldsOf, reportsIn } from "../../src/observe/reports/report-entry.ts";
import { totalsIn, totalsText } from "../../src/observe/reports/totals.ts";
import { responseForm } from "../../src/pages/stored/response-form.ts";
import { decodeEntry, encodeEntry } from "../../src/purge/journal/entry.ts";
import { releaseTags } from "../../src/purge/journal/purge-target.ts";
import { formWithApart, withoutBody } from "../../src/stores/r2/apart-form.ts";
import { objectName } from "../../src/stores/r2/bucket.ts";
import { framed, unframed } from "../../src/stores/durable-object/framed-call.ts";
import { TidemarkRecords } from "../../src/stores/durable-object/tidemark-records.ts";
import { stateInKey } from "../../src/stores/redis/journal/switch-key.ts";
import { adds, puts } from "../../src/write-behind/change-kind.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { dataMetadata } from "../../testing/data/data-metadata.ts";
import { newEntry } from "../../testing/examples/purges.ts";
import { bytesOf, responseOf } from "../../testing/examples/records.ts";
import { FakeCache, type KeptInCache } from "../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../testing/fakes/fake-object.ts";
import type { KeptInDatabase } from "../../testing/fakes/fake-upstash.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { noGauges } from "../../testing/monitoring/made-totals.ts";
import { Colo, host } from "../purge/view/colo-copies.ts";

const file = "stored-forms.snap";
const atMs = Date.UTC(2026, 10, 21);
const digest = "0123456789abcdef".repeat(4);

interface Database {
  readonly tables: readonly string[];
  readonly rows: readonly (readonly [table: string, values: (string | number | null)[]])[];
}

interface Forms {
  readonly redis: Record<"page" | "marker" | "head" | "switch" | "report" | "totals", string> & {
    readonly data: KeptInDatabase["records"];
    readonly entry: readonly string[];
    readonly changes: readonly string[];
  };
  readonly r2: readonly [object: string, record: string];
  readonly edge: readonly KeptInCache[];
  readonly copy: readonly KeptInCache[];
  readonly journal: Database;
  readonly records: Database;
}

const golden = () => JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as Forms;

const values = {
  plain: { title: "Größe", at: new Date(5), big: 5n, map: new Map([["a", new Set([1])]]) },
  none: null,
};

/** Opens an isolate over a database whose journal has one entry, and over a colo without records. */
function opened() {
  const clock = new FakeClock();
  clock.atMs = atMs;
  const upstash = new UnsteadyUpstash(clock);
  const cache = new FakeCache(clock);
  const fields = Object.entries(encodeEntry(newEntry({ n: "first" }))).flat();
  upstash.journal.lay([[`${atMs - 1_000}-0`, fields]]);
  const isolate = new DataIsolate({ clock, upstash, cache, platform: { colo: () => "HAM" } });
  const options = { fresh: "10m", stale: "1h", negative: "1m", schema: 2, tags: ["red"] } as const;
  const articles = isolate.data.namespace<unknown>("articles", options);
  return { isolate, cache, upstash, articles };
}

/** Returns what an isolate writes for `values` into Redis and the edge, in the order of the names. */
async function writtenData() {
  const { isolate, articles, upstash, cache } = opened();
  for (const [key, value] of Object.entries(values)) await articles.getOrSet(key, () => value);
  await isolate.settle();
  const data = upstash.kept.records.toSorted(([one], [other]) => (one < other ? -1 : 1));
  const edge = cache.kept
    .filter(({ address }) => !address.includes("journal"))
    .toSorted((one, other) => (one.address < other.address ? -1 : 1))
    .map((kept) => Object.assign(kept, { fields: kept.fields.map(withoutRandomTag) }));
  return { data, edge };
}

/** Replaces the entity tag, which is random for each write to the edge tier. */
const withoutRandomTag = ([name = "", value = ""]: readonly string[]) =>
  [name, name === "etag" ? '"etag"' : value] as const;

const head = responseOf(bytesOf("page"), { selecting: [] });
const page = { kind: "response", metadata: head.stored.metadata } as const;
const variants = [[digest, atMs]] as const;
const marker = {
  kind: "vary",
  names: ["accept"],
  sinceAtMs: 1,
  variants,
  listedSinceAtMs: 2,
} as const;
const apart = { etag: "etag", days: 8, bodyBytes: 9, bodyDigest: null };
const formApart = formWithApart(responseForm);
const encoded = <Detail>(record: RecordHead<Detail>, form: RecordForm<Detail>) =>
  encodeRecord(record, 4_102_444_800_000, form, digest);
const switched = { post: "1-p", replaces: "", bypass: ["articles"] };
const entry = newEntry({ tags: ["tag:red", ...releaseTags("two")], prefixes: ["/a/"], switched });
const report = {
  n: "n1",
  colo: "HAM",
  coversMs: 9,
  sums: new Map([["purges", 3]]),
  gauges: noGauges,
};
const totals = { startedAtMs: 5, sums: report.sums, colos: new Map(), windows: [] };
const changes = [
  adds.textOf({ key: "a", by: 3, isReset: true }),
  puts.textOf({ key: "a", value: "b", sequence: 7 }),
];

const limits = { keptCount: 10, countMax: 10, charsMax: 10_000 };

/** Returns an object's tables and rows. */
function databaseOf({ sql }: { readonly sql: FakeObject["sql"] }): Database {
  const schema = sql
    .exec("SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    .toArray();
  const names = schema.flatMap(({ type, name }) => (type === "table" ? [String(name)] : []));
  const rows = names.flatMap((name) =>
    sql
      .exec(`SELECT * FROM ${name}`)
      .toArray()
      .map((row) => {
        const columns = Object.values(row) as (string | number | null | Uint8Array)[];
        const texts = columns.map((one) =>
          one instanceof Uint8Array ? `blob ${one.length}` : one,
        );
        return [name, texts] satisfies Database["rows"][number];
      }),
  );
  return { tables: schema.map((row) => String(row["sql"])), rows };
}

function layIn({ sql }: { readonly sql: FakeObject["sql"] }, { tables, rows }: Database): void {
  for (const statement of tables) sql.exec(statement);
  for (const [table, columns] of rows) {
    const blobs = columns.map((one) => (one === "blob 4" ? bytesOf("page") : one));
    sql.exec(`INSERT INTO ${table} VALUES (${columns.map(() => "?").join()})`, ...blobs);
  }
}

/** Returns a journal's object after calls by which each table gets a row. */
function writtenJournal(): FakeObject {
  const object = new FakeObject();
  const { n, targets } = entry;
  const { n: _, ...others } = encodeEntry(entry);
  const fields = Object.entries(others).flat();
  const ask = { request: "id", entries: [{ n, fields, ...targets }], ...limits };
  const { started } = object;
  started.reply("append", ask, atMs);
  const post = { replaces: "", post: "1-p", bypass: '["articles"]' };
  started.reply("post", { ...ask, ...post, request: "other" }, atMs);
  started.reply("replaceState", { name: "cdn", version: "", text: "a state" }, atMs);
  const text = totalsText(totals, "random");
  for (const one of [report, { ...report, n: "n2" }])
    started.reply("report", { fields: fieldsOf(one) }, atMs);
  started.reply("fold", { version: "", firstId: `${atMs}-1`, lastId: `${atMs}-1`, text }, atMs);
  started.reply("addHotKeys", { list: "[]" }, atMs);
  return object;
}

const recordsObject = () => new FakeObject((state) => new TidemarkRecords(state));

async function writtenRecords() {
  const object = recordsObject();
  const ask = { key: "key", keepMs: 60_000, head: encoded(page, responseForm) };
  await object.started.answer(`write.${recordVersion}`, await framed(ask, bytesOf("page")), atMs);
  return object;
}

async function writtenCopy() {
  const colo = new Colo();
  const entries = [{ ...entry, position: `${atMs}-0` }];
  const state = { ...switched, position: `${atMs}-0`, n: entry.n };
  await colo.copies().publish(host, { entries, sentAtMs: atMs, switched: state });
  return colo.cache.kept;
}

async function written(): Promise<Forms> {
  const { data, edge } = await writtenData();
  const redis = {
    data,
    page: encoded(page, responseForm),
    marker: encoded(marker, responseForm),
    head: headText(dataMetadata, "id"),
    entry: Object.entries(encodeEntry(entry)).flat(),
    switch: `1-p ${atMs}-0 n.1.1 ["articles"]`,
    report: JSON.stringify(fieldsOf(report)),
    totals: totalsText(totals, "random"),
    changes,
  };
  const inR2 = { kind: "response", metadata: withoutBody(page.metadata, apart) } as const;
  return {
    redis,
    r2: [objectName(8, "tidemark:r:key"), encoded(inR2, formApart)],
    edge,
    copy: await writtenCopy(),
    journal: databaseOf(writtenJournal()),
    records: databaseOf(await writtenRecords()),
  };
}

describe("stored data", () => {
  it("are written as in the golden file", async () => {
    await expect(`${JSON.stringify(await written(), null, 1)}\n`).toMatchFileSnapshot(file);
  });

  it.each(["shared", "edge"])("are read from the golden file's %s tier", async (tier) => {
    const { isolate, articles, upstash, cache } = opened();
    const { redis, edge } = golden();
    if (tier === "shared") upstash.lay({ ...upstash.kept, records: redis.data });
    else cache.lay(edge);
    for (const [key, value] of Object.entries(values)) {
      expect([key, structuredClone(await articles.get(key))]).toEqual([key, value]);
    }
    const { hits } = isolate.data.stats().namespaces["articles"] ?? {};
    expect(hits).toEqual({ memory: 0, edge: 0, shared: 0, [tier]: 2 });
  });

  it("are read from Redis, text by text", () => {
    const { redis, r2 } = golden();
    expect(decodeRecord(redis.page, responseForm, digest)?.record).toEqual(page);
    expect(decodeRecord(redis.marker, responseForm, digest)?.record).toEqual(marker);
    expect(decodeRecord(r2[1], formApart, digest)?.record).toMatchObject({ metadata: { apart } });
    expect(headIn(redis.head)).toEqual(dataMetadata);
    expect(decodeEntry("1-0", redis.entry)).toEqual({ ...entry, position: "1-0" });
    expect(stateInKey(redis.switch)).toMatchObject({
      post: "1-p",
      n: "n.1.1",
      bypass: ["articles"],
    });
    const [read] = reportsIn([["1-0", JSON.parse(redis.report)]]);
    expect(read?.report).toEqual(report);
    expect(totalsIn(redis.totals)).toMatchObject({ totals, isBroken: false });
    const [add = "", put = ""] = redis.changes;
    expect(adds.changeIn("a", add)).toEqual({ key: "a", by: 3, isReset: true });
    expect(puts.changeIn("a", put)).toEqual({ key: "a", value: "b", sequence: 7 });
  });

  it("are read from a colo's copy of the view", async () => {
    const colo = new Colo();
    colo.clock.atMs = atMs;
    colo.cache.lay(golden().copy);
    const copy = await colo.copies().read(host);
    expect(copy?.entries()).toEqual([{ ...entry, position: `${atMs}-0` }]);
    expect(copy?.switched).toMatchObject({ post: "1-p", bypass: ["articles"] });
  });

  it("are read from the object of the journal", () => {
    const object = new FakeObject();
    layIn(object, golden().journal);
    const { started } = object;
    const read = started.reply("read", limits, atMs);
    const { entries, switched: post, released: told } = read;
    expect(entries.map(([, fields]) => fields[1])).toEqual(["n.1", "n.2"]);
    expect([post?.post, told?.[0]]).toEqual(["1-p", `${atMs}-1`]);
    expect(started.reply("epochs", { first: 0, last: 0 }, atMs)).toMatchObject([{}]);
    expect(started.reply("states", { names: ["cdn"] }, atMs).texts).toEqual(["a state"]);
    const { totals: text, page: reports } = started.reply("reports", { count: 9 }, atMs);
    expect([totalsIn(text), reportsIn(reports)]).toMatchObject([{ totals }, [{ n: "n2" }]]);
    expect(started.reply("hotKeys", {}, atMs)).toEqual(["[]"]);
  });

  it("are read from an object of records", async () => {
    const object = recordsObject();
    layIn(object, golden().records);
    const ask = await framed({ key: "key", part: "whole" });
    const reply = await object.started.answer(`read.${recordVersion}`, ask, atMs);
    const { message, body } = unframed(await reply.arrayBuffer());
    const { head: text } = message as { head: string };
    expect(decodeRecord(text, responseForm)?.record).toEqual(page);
    expect(body).toEqual(bytesOf("page"));
  });
});
