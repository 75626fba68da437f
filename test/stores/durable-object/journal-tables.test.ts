// Tests the tables of a journal in a Durable Object: positions, limits, trimming and old places.
import { describe, expect, it } from "vitest";
import { JournalTables } from "../../../src/stores/durable-object/journal-tables.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";

const limits = { countMax: 10, charsMax: 1_000_000 };
let requestCount = 0;

function open() {
  const object = new FakeObject();
  const tables = new JournalTables(object.sql);
  const append = (atMs: number, { keptCount = 100, tags = ["tag:red"], count = 1 } = {}) => {
    const entries = Array.from({ length: count }, () => ({
      n: "n",
      fields: ["v", "1"],
      tags,
      prefixes: [],
    }));
    requestCount += 1;
    const ask = { request: `request ${requestCount}`, entries, keptCount, ...limits };
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
    const of = (tag: string) => ({ n: stamp?.n ?? "", tags: [tag], paths: [] });
    const records = [of("tag:red"), of("tag:green")];
    expect(tables.standing({ places: [stamp!, end!] })).toEqual(["trimmed", "standing"]);
    expect(tables.unpurged({ end: end?.n ?? "", records })).toEqual([true, false]);
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
  });
});

it("a target is forgotten with the places of all entries that name it", () => {
  const { append, count } = open();
  append(1, { keptCount: 2, tags: ["tag:once"], count: 1_000 });
  append(2 * yearMs, { keptCount: 2, tags: ["tag:often"], count: 62_999 });
  expect(count("targets")).toBe(2);
  append(2 * yearMs, { keptCount: 2, tags: ["tag:often"] });
  expect(count("targets")).toBe(1);
});

it("a prefix of several directories covers whole paths only", () => {
  const { tables, append } = open();
  const [stamp] = append(1);
  const entry = { n: "n", fields: [], tags: [], prefixes: ["/a/b", "https://x.test/ä/"] };
  tables.append({ request: "prefixes", entries: [entry], keptCount: 9, ...limits }, 2);
  const record = (path: string, n = stamp?.n ?? "") => ({ n, tags: [], paths: [path] });
  expect(tables.unpurged({ end: "n.2", records: [record("/a/b", "n.2")] })).toEqual([true]);
  const paths = ["/a/bc", "/a/b", "/a/", "/b/a/b", "https://x.test/ä/1", "https://x.test/a/1", ""];
  expect(tables.unpurged({ end: "n.2", records: paths.map((path) => record(path)) })).toEqual([
    false,
    false,
    true,
    true,
    false,
    true,
    true,
  ]);
});
