// Tests the stored form of data in Redis and in the edge tier. No release has written data yet, so
// a golden file takes its place: the source must write the same text, and read it. State a change
// of form in docs/versions.md, and update the file with `vitest -u`.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { headIn, headText } from "../../src/data/fields/hash-fields.ts";
import type { DataMetadata } from "../../src/data/value/data-record.ts";
import { encodeEntry } from "../../src/purge/journal/entry.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { newEntry } from "../../testing/examples/purges.ts";
import { FakeCache, type KeptInCache } from "../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import type { KeptInDatabase } from "../../testing/fakes/fake-upstash.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";

const file = "../../testing/released/data-forms.snap";

interface DataForms {
  readonly records: KeptInDatabase["records"];
  readonly cache: readonly KeptInCache[];
  readonly head: string;
}

const golden = () => JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as DataForms;

const atMs = Date.UTC(2026, 10, 21);
const values = {
  plain: { title: "Größe", at: new Date(5), big: 5n, map: new Map([["a", new Set([1])]]) },
  bytes: new Uint8Array([1, 2, 255]),
  none: null,
};

/** Opens a database whose journal has one entry, and a colo without records. */
function opened() {
  const clock = new FakeClock();
  clock.atMs = atMs;
  const upstash = new UnsteadyUpstash(clock);
  const cache = new FakeCache(clock);
  const fields = Object.entries(encodeEntry(newEntry({ n: "first" }))).flat();
  upstash.journal.lay([[`${atMs - 1_000}-0`, fields]]);
  const isolate = new DataIsolate({ clock, upstash, cache, platform: { colo: () => "HAM" } });
  const options = { fresh: "10m", stale: "1h", negative: "1m", schema: 2, tags: ["red"] } as const;
  return {
    isolate,
    cache,
    upstash,
    articles: isolate.data.namespace<unknown>("articles", options),
  };
}

const metadata: DataMetadata = {
  url: "tidemark-data:/articles/42",
  route: "",
  tags: ["red"],
  stamp: { position: "1-0", n: "first" },
  colo: "HAM",
  requestedAtMs: 1_000,
  respondedAtMs: 1_010,
  fillCostMs: 0,
  bodyBytes: null,
  bodyDigest: null,
  schema: 2,
  codec: "json",
  isNegative: false,
  freshMs: 600_000,
  staleMs: 0,
};

async function written(): Promise<DataForms> {
  const { isolate, articles, upstash, cache } = opened();
  for (const [key, value] of Object.entries(values)) await articles.getOrSet(key, () => value);
  await isolate.settle();
  const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) =>
    one < other ? -1 : 1;
  const { records } = upstash.kept;
  const edgeRecords = cache.kept.filter(({ address }) => !address.includes("journal"));
  return {
    records: records.toSorted(byName),
    cache: edgeRecords
      .map(({ fields, ...kept }) => Object.assign(kept, { fields: fields.map(withoutRandomTag) }))
      .toSorted((one, other) => byName([one.address, 0], [other.address, 0])),
    head: headText(metadata, "id"),
  };
}

/** Replaces the entity tag, which is random for each write to the edge tier. */
const withoutRandomTag = ([name = "", value = ""]: readonly string[]) =>
  [name, name === "etag" ? '"etag"' : value] as const;

describe("data in its stored form", () => {
  it("is written as in the golden file", async () => {
    await expect(`${JSON.stringify(await written(), null, 1)}\n`).toMatchFileSnapshot(file);
  });

  it.each(["shared", "edge"])("is read from the golden file's %s tier", async (tier) => {
    const { isolate, articles, upstash, cache } = opened();
    const { records, cache: kept } = golden();
    if (tier === "shared") upstash.lay({ ...upstash.kept, records });
    else cache.lay(kept);
    for (const [key, value] of Object.entries(values)) {
      expect([key, structuredClone(await articles.get(key))]).toEqual([key, value]);
    }
    const { hits } = isolate.data.stats().namespaces["articles"] ?? {};
    expect(hits).toEqual({ memory: 0, edge: 0, shared: 0, [tier]: 3 });
  });

  it("has a head of fields that is read from the golden file", () => {
    expect(headIn(golden().head)).toEqual(metadata);
  });
});
