// Tests that an object keeps a newer record (rule 28 c), as Redis does, and that a `set` is sent once.
import "../../../testing/fakes/workers-globals.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import type { NewerRecords } from "../../../src/cache/record/record.ts";
import { type DataMetadata, dataForm } from "../../../src/data/value/data-record.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { isNewer, unlessNewer } from "../../../src/stores/durable-object/is-newer.ts";
import { newerArgs, unlessNewerArgs } from "../../../src/stores/redis/write-unless-newer.ts";
import { FakeRecordObjects } from "../../../testing/fakes/fake-record-objects.ts";
import { setUnlessNewer } from "../../../testing/fakes/unless-newer-model.ts";
import { atMs, drawnWrite, headOf, metadataOf, minute, stampOf } from "../held-records.ts";

describe("a stored record is newer", () => {
  it("exactly if the script of Redis keeps it", () => {
    const property = fc.property(drawnWrite, ({ held, made, given }) => {
      const args = unlessNewerArgs({
        text: "new",
        keepMs: 1,
        xx: "",
        newer: newerArgs(made, given),
      });
      const byScript = setUnlessNewer(args, `${headOf(held)}\nbody`) === "newer";
      expect(isNewer(headOf(held), unlessNewer(made, given))).toBe(byScript);
    });
    fc.assert(property, { numRuns: 2_000, seed: 28 });
  });

  it.each(["", "no record", "{}", '{"record":3}', '{"record":{"metadata":{"stamp":{}}}}'])(
    "never if its head is %j",
    (head) => {
      expect(isNewer(head, unlessNewer(metadataOf(), { kind: "load" }))).toBe(false);
    },
  );
});

function openData() {
  const records = new FakeRecordObjects();
  const bound = durableObjectRecords({ objects: 1 }).bound({ RECORDS: records.namespace });
  if (typeof bound !== "function") throw new Error(bound.why);
  const nowAtMs = () => atMs;
  const onBadRecord = () => undefined;
  const settings = { form: dataForm, namespace: "site", nowAtMs, onBadRecord, log: onBadRecord };
  const tier = bound(settings);
  const write = (metadata: DataMetadata, kind: NewerRecords["kind"]) => {
    const body = { kind: "blob", blob: new Blob(["body"]) } as const;
    const record = { kind: "response", stored: { metadata, body } } as const;
    const times = { atMs, untilAtMs: atMs + minute };
    return tier.write(new RecordKey("d:articles/42", "data.invalid"), record, {
      ...times,
      body: "new",
      unlessNewer: { kind },
    });
  };
  return { records, write };
}

describe("an object", () => {
  it("writes a record, and keeps a newer one", async () => {
    const { write } = openData();
    expect(await write(metadataOf({ stamp: stampOf("1700000000001-0") }), "set")).toEqual({
      kind: "kept",
    });
    const newer = { kind: "refused", rule: "newer" };
    expect(await write(metadataOf(), "load")).toEqual(newer);
    expect(await write(metadataOf(), "set")).toEqual(newer);
    expect(await write(metadataOf({ stamp: stampOf("1700000000001-1") }), "load")).toEqual({
      kind: "kept",
    });
  });

  it.each([
    ["load", 2, { kind: "kept" }],
    ["set", 1, { kind: "unavailable", cause: "Error" }],
  ] as const)("whose connection breaks receives a %s %i times", async (kind, times, written) => {
    const { records, write } = openData();
    records.namespace.get(records.namespace.idFromName("site 0"));
    const [object] = records.all;
    if (object === undefined) throw new Error("There is no object.");
    object.beforeCall = () => {
      const isFirst = object.calls.length === 1;
      return isFirst ? Promise.reject(new Error("Network connection lost.")) : Promise.resolve();
    };
    expect(await write(metadataOf(), kind)).toEqual(written);
    expect(object.calls).toHaveLength(times);
  });
});
