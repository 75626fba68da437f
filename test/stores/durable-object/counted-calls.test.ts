// Tests the counts of calls to Durable Objects and of the rows that they write, by purpose.
import { snapshotOf } from "../../../src/observe/snapshot.ts";
import "../../../testing/fakes/workers-globals.ts";
import { expect, it } from "vitest";
import { Metrics } from "../../../src/observe/metrics.ts";
import { ObjectClient } from "../../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../../src/stores/durable-object/object-journal.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { ask, keep } from "../../../testing/examples/records.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { openRecordsTier } from "../../../testing/fakes/fake-record-objects.ts";
import { keyOf, page } from "../redis/shared-world.ts";

function open() {
  const metrics = new Metrics(0);
  const object = new FakeObject((state) => new TidemarkRecords(state));
  const tier = openRecordsTier(object.namespace, { metrics });
  const counts = () => {
    const { objectCalls, objectRows } = snapshotOf(metrics);
    return { calls: objectCalls, rows: objectRows };
  };
  return { tier, object, counts };
}

const key = keyOf("page");
const marker = {
  kind: "vary",
  names: ["accept"],
  sinceAtMs: 0,
  listedSinceAtMs: 0,
  variants: [],
} as const;

it("calls to an object of records are counted by purpose, and the rows that they write", async () => {
  const { tier, object, counts } = open();
  await tier.read(key, ask);
  await tier.write(key, page, keep);
  await tier.write(key, page, { ...keep, body: "unchanged" });
  await tier.write(keyOf("marker"), marker, keep);
  const asked = await tier.locks.ask(key);
  if (asked.kind === "taken") await asked.lock.release();
  await tier.remove(key);
  await tier.remove(key);
  const written = { fill: 1, "Vary marker": 1 };
  expect(counts()).toEqual({
    calls: { "look-up": 1, ...written, freshening: 1, lock: 2, removal: 2 },
    rows: { ...written, removal: 1 },
  });
  expect(object.calls).toHaveLength(8);
});

it("a call that is sent again is counted twice", async () => {
  const { tier, object, counts } = open();
  object.beforeCall = async () => {
    object.beforeCall = () => Promise.resolve();
    throw new Error("Network connection lost.");
  };
  await tier.write(key, page, keep);
  expect(counts()).toEqual({ calls: { fill: 2 }, rows: { fill: 1 } });
});

it("calls of a journal and their rows are counted like those of records", async () => {
  const metrics = new Metrics(0);
  const object = new FakeObject();
  const client = new ObjectClient({ stub: () => object.stub, nowAtMs: Date.now, metrics });
  const journal = new ObjectJournal({ client, nowAtMs: Date.now, randomText: () => "id" });
  const changes = () =>
    Number(object.database.prepare("SELECT total_changes() AS changes").get()?.["changes"]);
  await journal.newest();
  // The rows of the first start count for no call.
  const before = changes();
  await journal.append([newEntry({ n: "a" })]);
  const { objectCalls, objectRows } = snapshotOf(metrics);
  expect(objectCalls).toEqual({ "journal read": 1, "purge, written": 1 });
  expect(objectRows).toEqual({ "purge, written": changes() - before });
});
