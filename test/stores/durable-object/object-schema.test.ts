// Tests the version of an object's tables: entries, their notes and records of any other version are lost,
// and all other rows stay, or the object refuses all calls.
import { describe, expect, it } from "vitest";
import { ObjectClient } from "../../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../../src/stores/durable-object/object-journal.ts";
import { type ObjectSchema, openTables } from "../../../src/stores/durable-object/object-schema.ts";
import type { ObjectState } from "../../../src/stores/durable-object/counted-sql.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { releaseTags } from "../../../src/purge/journal/purge-target.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { postOf } from "../../purge/journal/contract/switch-contract.ts";

const versions = [
  { id: "a newer version", change: "UPDATE schema_version SET version = 99" },
  { id: "an older version", change: "UPDATE schema_version SET version = 0" },
  { id: "a version without a number", change: "DROP TABLE schema_version" },
];

const rowsIn = (object: FakeObject, table: string) =>
  Number(object.sql.exec(`SELECT count(*) AS count FROM ${table}`).toArray()[0]?.["count"]);

describe("the object of a journal", () => {
  /** Opens an object in which each table has a row, and the journal over it. */
  async function open() {
    const object = new FakeObject();
    const { nowAtMs } = new FakeClock();
    const client = new ObjectClient({ stub: () => object.stub, nowAtMs });
    let count = 0;
    const journal = new ObjectJournal({ client, nowAtMs, randomText: () => `n${(count += 1)}` });
    const appended = await journal.append([newEntry({ tags: [...releaseTags("one")] })]);
    await journal.post(postOf("p1", "", ["articles"]));
    for (const [call, ask] of [
      ["replaceState", { name: "cdn", version: "", text: "a state" }],
      ["report", { fields: ["v", "1"] }],
      ["addHotKeys", { list: "[]" }],
    ] as const) {
      const body = JSON.stringify(ask);
      await object.stub.fetch(`https://journal/${call}`, { method: "POST", body });
    }
    object.sql.exec("INSERT INTO totals VALUES (1, 1, 'text')");
    const place = appended.kind === "appended" ? appended.places[0] : undefined;
    return { object, journal, place: place ?? { position: "", n: "" } };
  }
  const tables = ["switch", "released", "subscribers", "reports", "totals"];

  it.each(versions)("with tables of $id loses entries and notes alone", async ({ change }) => {
    const { object, journal, place } = await open();
    const before = tables.map((table) => [table, rowsIn(object, table)]);
    expect(await journal.newest()).toMatchObject({ entries: [{}, {}] });
    object.sql.exec(change);
    object.end();
    const kept = { switched: { post: "p1", bypass: ["articles"] }, released: { id: "one" } };
    expect(await journal.newest()).toMatchObject({ kind: "read", entries: [], ...kept });
    expect(tables.map((table) => [table, rowsIn(object, table)])).toEqual(before);
    expect(["entries", "hot_keys"].map((table) => rowsIn(object, table))).toEqual([0, 0]);
    // An isolate with a view notices the loss, and appends a mark (rule 17 a).
    expect(await journal.since(place)).toEqual({ kind: "not-joined" });
    expect(await journal.atPrimary(place)).toMatchObject({ isLost: true, ...kept });
    expect(await journal.standing([place])).toMatchObject({ states: ["gone"] });
    const mark = await journal.appendMark(`${place.position} ${place.n}`);
    expect(mark).toMatchObject({ entries: [{ targets: { tags: ["everything"] } }], ...kept });
  });

  it.each(tables)("refuses all calls if the table %s has another form", async (table) => {
    const { object, journal } = await open();
    object.sql.exec(`ALTER TABLE ${table} ADD COLUMN added TEXT`);
    object.sql.exec("UPDATE schema_version SET version = 99");
    object.end();
    expect(() => object.started).toThrow(
      `Another version of Tidemark gave the table ${table} a form that this version cannot read.`,
    );
    expect(await journal.newest()).toMatchObject({ kind: "unavailable" });
    expect(["entries", table].map((one) => rowsIn(object, one) > 0)).toEqual([true, true]);
  });

  it("bypasses everything if the switch has another form", async () => {
    const { object, journal } = await open();
    object.sql.exec(`UPDATE switch SET bypass = '{"routes":["articles"]}'`);
    expect(await journal.newest()).toMatchObject({ switched: { post: "p1", bypass: true } });
    expect(await journal.read()).toMatchObject({ state: { post: "p1", bypass: true } });
  });
});

it.each(versions)("an object with records of $id begins empty", ({ change }) => {
  const object = new FakeObject((state: ObjectState) => new TidemarkRecords(state));
  expect(object.started).toBeInstanceOf(TidemarkRecords);
  object.sql.exec("INSERT INTO records VALUES ('key', 9e15, 0, 0, '{}', x'00')");
  object.end();
  expect(object.started).toBeInstanceOf(TidemarkRecords);
  const count = () => object.sql.exec("SELECT key FROM records").toArray().length;
  expect(count()).toBe(1);
  object.sql.exec(change);
  object.end();
  expect(object.started).toBeInstanceOf(TidemarkRecords);
  expect(count()).toBe(0);
});

describe("a start", () => {
  const schema: ObjectSchema = {
    version: 2,
    lost: ["CREATE TABLE marks (name TEXT)", "CREATE INDEX byName ON marks (name)"],
    kept: ["CREATE TABLE counts (\n  label TEXT)"],
  };
  const start = (object: FakeObject, own: ObjectSchema = schema) => openTables(object.sql, own);

  it("with the same version runs two statements, and writes nothing", () => {
    const object = new FakeObject();
    start(object);
    object.sql.exec("INSERT INTO marks VALUES ('a')");
    const before = object.statements.length;
    const changes = () => object.sql.exec("SELECT total_changes() AS changes").toArray();
    const changed = changes();
    start(object);
    expect(object.statements.slice(before + 1)).toHaveLength(2);
    expect(changes()).toEqual(changed);
    expect(rowsIn(object, "marks")).toBe(1);
  });

  it("takes over a kept table that differs only in its spaces", () => {
    const object = new FakeObject();
    start(object);
    object.sql.exec("INSERT INTO counts VALUES ('a')");
    start(object, { ...schema, version: 3, kept: ["CREATE TABLE counts ( label TEXT)"] });
    expect(rowsIn(object, "counts")).toBe(1);
    const versionsIn = object.sql.exec("SELECT version FROM schema_version").toArray();
    expect(versionsIn).toMatchObject([{ version: 3 }]);
  });
});
