// Tests that a miss reads memory again only if the key's record may have changed since the lookup.
import { expect, it, vi } from "vitest";
import { Flights } from "../../../src/cache/flights.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { TierStack } from "../../../src/cache/tiers/tier-stack.ts";
import { MemoryTier } from "../../../src/stores/memory/memory-tier.ts";
import { Decision } from "../../../src/observe/decision.ts";
import { exchangeWith } from "../../../testing/examples/requests.ts";
import { storedSince } from "../../../src/pages/fetch/instead-of-origin.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import { storedWith } from "../../../testing/examples/requests.ts";

const key = new RecordKey("GET https://a.example/", "a.example");
const other = new RecordKey("GET https://a.example/other", "a.example");
const body = { kind: "blob", blob: new Blob(["text"]) } as const;
const record = { kind: "response", stored: { ...storedWith(), body } } as const;
const keep = { atMs: 0, untilAtMs: 1_000, body: "new" } as const;

it.each([
  { id: "unchanged", changed: undefined, isCounted: true, reads: 0 },
  { id: "another-key-changed", changed: other, isCounted: true, reads: 0 },
  { id: "changed", changed: key, isCounted: true, reads: 1 },
  { id: "never-read-under-this-key", changed: undefined, isCounted: false, reads: 1 },
])("reads memory again only if needed: $id", ({ changed, isCounted, reads }) => {
  const memory = new MemoryTier({ bytesMax: 1_000_000, form: responseForm });
  const memoryCount = isCounted ? memory.changeCount : undefined;
  if (changed !== undefined) memory.write(changed, record, keep);
  const read = vi.spyOn(memory, "read");
  const tiers = new TierStack(memory, []);
  const decision = new Decision({ route: "" });
  const exchange = exchangeWith({ flights: new Flights(), tiers }, { nowAtMs: () => 0, decision });
  const request = { key, route: { tiers: ["memory"] } };
  const need = { request, exchange, key, marker: undefined, memoryCount };
  const come = storedSince(need as unknown as Parameters<typeof storedSince>[0]);
  expect(read).toHaveBeenCalledTimes(reads);
  expect(come).toEqual(changed === key ? { kind: "stored", stored: record.stored } : undefined);
});
