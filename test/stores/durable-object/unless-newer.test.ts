// Tests that an object keeps a newer record (rule 28 c), as Redis does, and that a `set` is sent once.
import "../../../testing/fakes/workers-globals.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import type { NewerRecords, Stamp } from "../../../src/cache/record/record.ts";
import { encodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { type DataMetadata, dataForm } from "../../../src/data/value/data-record.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { isNewer, unlessNewer } from "../../../src/stores/durable-object/unless-newer.ts";
import { newerArgs } from "../../../src/stores/redis/unless-newer.ts";
import { FakeRecordObjects } from "../../../testing/fakes/fake-record-objects.ts";
import { setUnlessNewer } from "../../../testing/fakes/unless-newer-model.ts";

const minute = 60_000;
const stampOf = (position: string): Stamp => ({ position, n: `n-of-${position}` });

const metadataOf = (changes: Partial<DataMetadata> = {}): DataMetadata => ({
  url: "tidemark-data:/articles/42",
  route: "",
  tags: ["größe"],
  stamp: stampOf("9-2"),
  colo: "HAM",
  requestedAtMs: minute,
  respondedAtMs: minute,
  fillCostMs: 0,
  bodyBytes: 4,
  bodyDigest: "d".repeat(64),
  schema: 0,
  codec: "json",
  isNegative: false,
  freshMs: 1_000,
  staleMs: 0,
  ...changes,
});

const headOf = (metadata: DataMetadata) =>
  encodeRecord({ kind: "response", metadata }, 2 * minute, dataForm);

describe("a stored record is newer", () => {
  it("exactly if the script of Redis keeps it", () => {
    const metadata = fc.record({
      stamp: fc.oneof(
        fc.constant("none" as const),
        fc.tuple(fc.integer({ min: 8, max: 12 }), fc.nat(12)).map((at) => stampOf(at.join("-"))),
      ),
      requestedAtMs: fc.integer({ min: 0, max: 3 * minute }),
      respondedAtMs: fc.integer({ min: 0, max: 3 * minute }),
      bodyDigest: fc.constantFrom("a", "b"),
    });
    const kind = fc.constantFrom("load" as const, "set" as const);
    const property = fc.property(
      fc.record({ held: metadata, made: metadata, kind, isSeen: fc.boolean() }),
      ({ held, made, kind: of, isSeen }) => {
        const [stored, written] = [metadataOf(held), metadataOf(made)];
        const given: NewerRecords = { kind: of, seen: isSeen ? stored : undefined };
        const args = ["new", "1", "", ...newerArgs(written, given)];
        const byScript = setUnlessNewer(args, `${headOf(stored)}\nbody`) === "newer";
        expect(isNewer(headOf(stored), unlessNewer(written, given))).toBe(byScript);
      },
    );
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
  const nowAtMs = () => minute;
  const onBadRecord = () => undefined;
  const settings = { form: dataForm, namespace: "site", nowAtMs, onBadRecord, log: onBadRecord };
  const tier = bound(settings);
  const write = (metadata: DataMetadata, kind: NewerRecords["kind"]) => {
    const body = { kind: "blob", blob: new Blob(["body"]) } as const;
    const record = { kind: "response", stored: { metadata, body } } as const;
    const times = { atMs: minute, untilAtMs: 2 * minute };
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
    expect(await write(metadataOf({ stamp: stampOf("10-0") }), "set")).toEqual({ kind: "kept" });
    const newer = { kind: "refused", rule: "newer" };
    expect(await write(metadataOf(), "load")).toEqual(newer);
    expect(await write(metadataOf(), "set")).toEqual(newer);
    expect(await write(metadataOf({ stamp: stampOf("10-1") }), "load")).toEqual({ kind: "kept" });
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
