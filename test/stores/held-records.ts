// Records of one key, held and written, for the tests of `unlessNewer` (rule 28 c).
import * as fc from "fast-check";
import type { NewerRecords, Stamp } from "../../src/cache/record/record.ts";
import { encodeRecord } from "../../src/cache/tiers/record-codec.ts";
import { type DataMetadata, dataForm } from "../../src/data/value/data-record.ts";

export const atMs = 1_700_000_000_000;
export const minute = 60_000;
export const stampOf = (position: string): Stamp => ({ position, n: `n-of-${position}` });

export const metadataOf = (changes: Partial<DataMetadata> = {}): DataMetadata => ({
  url: "tidemark-data:/articles/42",
  route: "",
  tags: ["größe"],
  stamp: stampOf("1700000000000-2"),
  colo: "HAM",
  requestedAtMs: atMs,
  respondedAtMs: atMs,
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

export const headOf = (metadata: DataMetadata) =>
  encodeRecord({ kind: "response", metadata }, atMs + minute, dataForm);

const drawnMetadata = fc
  .record({
    stamp: fc.oneof(
      fc.constant("none" as const),
      fc.tuple(fc.integer({ min: 8, max: 12 }), fc.nat(12)).map((at) => stampOf(at.join("-"))),
    ),
    requestedAtMs: fc.integer({ min: 0, max: 3 * minute }),
    respondedAtMs: fc.integer({ min: 0, max: 3 * minute }),
    bodyDigest: fc.constantFrom("a", "b"),
  })
  .map(metadataOf);

/** A held record, and one to be written by a call that may have seen the held one. */
export const drawnWrite = fc
  .record({
    held: drawnMetadata,
    made: drawnMetadata,
    kind: fc.constantFrom<NewerRecords["kind"]>("load", "set"),
    isSeen: fc.boolean(),
  })
  .map(({ held, made, kind, isSeen }) => ({
    held,
    made,
    given: { kind, seen: isSeen ? held : undefined } satisfies NewerRecords,
  }));
