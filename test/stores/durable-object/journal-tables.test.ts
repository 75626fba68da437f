// Tests the tables of a journal in a Durable Object: positions, limits, trimming and old places.
import { describe, expect, it } from "vitest";
import type { EntryId } from "../../../src/purge/journal/entry.ts";
import { namesOf } from "../../../src/purge/journal/target-names.ts";
import { type Epoch, epochSize, extentOf, shortNames } from "../../../src/purge/journal/epoch.ts";
import { journalSchema } from "../../../src/stores/durable-object/journal-schema.ts";
import { JournalTables } from "../../../src/stores/durable-object/journal-tables.ts";
import { openTables } from "../../../src/stores/durable-object/object-schema.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";

const limits = { countMax: 10, charsMax: 1_000_000 };
let requestCount = 0;

function open() {
  const object = new FakeObject();
  openTables(object.sql, journalSchema);
  const tables = new JournalTables(object.sql);
  const append = (atMs: number, { keptCount = 100, tags = ["tag:red"], count = 1 } = {}) => {
    const entries = Array.from({ length: count }, () => ({
      n: "n",
      fields: ["v", "1"],
      tags,
      prefixes: [],
    }));
    requestCount += 1;
    const ask = { request: `request-${requestCount}`, entries, keptCount, ...limits };
    return tables.append(ask, atMs).places;
  };
  const count = (table: string) =>
    Number(object.sql.exec(`SELECT count(*) AS count FROM ${table}`).toArray()[0]?.["count"]);
  return { object, tables, append, count };
}

const yearMs = 365 * 86_400_000;

describe("positions", () => {
  it("rise although the clock is set back", () => {
    const { append } = open();
    const places = [append(5_000), append(5_000), append(1_000), append(5_001)].flat();
    expect(places.map(({ position }) => position)).toEqual([
      "5000-0",
      "5000-1",
      "5000-2",
      "5001-0",
    ]);
    expect(places.map(({ n }) => n)).toEqual(["n.1", "n.2", "n.3", "n.4"]);
  });
});

describe("limits", () => {
  it("of the newest entries count entries and characters", () => {
    const { tables, append } = open();
    append(1, { count: 20 });
    expect(tables.read({ countMax: 10, charsMax: 1_000_000 }).entries).toHaveLength(10);
    // Each entry's fields have nine characters: ["v","1"].
    expect(tables.read({ countMax: 10, charsMax: 9 * 3 }).entries).toHaveLength(3);
    expect(tables.read({ countMax: 10, charsMax: 1 }).entries).toEqual([]);
  });

  it("of the entries after a place make the read not joined", () => {
    const { tables, append } = open();
    const [after] = append(1, { count: 11 });
    expect(tables.read({ after, countMax: 10, charsMax: 90 })).toMatchObject({ isJoined: true });
    expect(tables.read({ after, countMax: 9, charsMax: 90 })).toMatchObject({ isJoined: false });
    expect(tables.read({ after, countMax: 10, charsMax: 89 })).toMatchObject({ isJoined: false });
  });
});

describe("a trimmed entry", () => {
  it("keeps its place, so its stamp remains known", () => {
    const { tables, append } = open();
    const [stamp] = append(1, { keptCount: 2 });
    const other = { keptCount: 2, tags: ["tag:green"] };
    const [end] = [append(2, other), append(3, other), append(4, other)].at(-1) ?? [];
    expect(tables.standing({ places: [stamp!, end!] })).toEqual(["trimmed", "standing"]);
    expect(tables.extent()).toEqual({ count: 2, oldest: "3-0" });
  });

  it("loses its place after more than a year, but not after a year", () => {
    const { tables, append, count } = open();
    const [stamp] = append(1, { keptCount: 2 });
    append(1, { keptCount: 2, count: 500 });
    append(1 + yearMs, { keptCount: 2, count: 499 });
    expect(tables.standing({ places: [stamp!] })).toEqual(["trimmed"]);
    append(1 + yearMs + 50 * 86_400_000, { keptCount: 2, count: 1_000 });
    expect(tables.standing({ places: [stamp!] })).toEqual(["gone"]);
    expect(count("entries")).toBe(1_499);
    // No mark: only an isolate that slept for so long has a view that ends here.
    const check = (place: EntryId) => tables.check({ place, keptCount: 2, ...limits });
    expect(check(stamp!)).toMatchObject({ upTo: undefined, isTrimmed: true });
    expect(check({ position: "1-9", n: "n.2001" })).toMatchObject({ isTrimmed: false });
  });

  it("is not lost after a million others", () => {
    const { object, tables, append } = open();
    const [place] = append(1);
    const check = () => tables.check({ place: place!, keptCount: 2, ...limits }).isTrimmed;
    object.sql.exec("UPDATE entries SET number = 1000000, n = 'n.1000000'");
    expect(check()).toBe(false);
    append(1);
    expect(check()).toBe(true);
  });
});

describe("an epoch", () => {
  const listsOf = (epoch: Epoch | null | undefined) =>
    epoch && extentOf(epoch).count > 0 ? epoch.names.slice(8, -1).split(",") : [];

  it("has the names of its entries, kept or trimmed", () => {
    const { tables, append } = open();
    const many = Array.from({ length: 1_000 }, (_, at) => `tag:${at}`);
    append(1, { keptCount: 2, tags: ["tag:red", "tag:green"] });
    append(1, { keptCount: 2, tags: many });
    append(1, { keptCount: 2, count: epochSize });
    const [first, second, ...others] = tables.epochs({ first: 0, last: 2 });
    const redAndGreen = shortNames(namesOf({ tags: ["tag:red", "tag:green"], prefixes: [] }));
    const red = shortNames(namesOf({ tags: ["tag:red"], prefixes: [] }));
    expect(listsOf(first)).toEqual([
      redAndGreen,
      shortNames(namesOf({ tags: many, prefixes: [] })),
      ...Array<string>(epochSize - 2).fill(red),
    ]);
    expect(listsOf(second)).toEqual([red, red]);
    expect(others).toEqual([null]);
  });

  it("is absent without its first entries", () => {
    const { object, tables, append } = open();
    append(1, { count: 2 * epochSize });
    object.sql.exec("DELETE FROM entries WHERE number = 1");
    const [first, second] = tables.epochs({ first: 0, last: 1 });
    expect([first, listsOf(second).length]).toEqual([null, epochSize]);
  });
});
