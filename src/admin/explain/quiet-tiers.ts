// Read-only tiers for explanations: nothing is written or counted. Each tier below memory reads a key at most
// once.
import type { RecordKey } from "../../cache/record/record-key.ts";
import { discardBody } from "../../cache/record/record.ts";
import { TierStack } from "../../cache/tiers/tier-stack.ts";
import type { Memory } from "../../cache/tiers/tier.ts";
import type { ResponseDetail } from "../../proxy/stored/stored-response.ts";
import type { ResponseAsk, ResponseRead, ResponseTier, Tiers } from "../../proxy/stored/tiers.ts";

/** Wraps the tiers for one explanation. Discards the bodies that tiers below memory return. */
export function quietTiers({ memory, below }: Tiers): Tiers {
  return new TierStack(quietMemory(memory), below.map(quiet));
}

/** Reads a key's metadata from a tier. A repeated read gets the same result. */
export async function look(
  tier: ResponseTier,
  key: RecordKey,
  atMs: number,
): Promise<ResponseRead> {
  return tier.read(key, { atMs, part: "metadata", afterAnswer: nothing });
}

const nothing = () => undefined;
const onlyLookedAt = () => ({ kind: "unavailable", cause: "only looked at" }) as const;

function quietMemory(memory: Memory<ResponseDetail>): Memory<ResponseDetail> {
  const { name, arrivingBytesMax, isShutOff, largestBodyBytes, changeCount, bytes, count } = memory;
  return {
    name,
    arrivingBytesMax,
    isShutOff,
    largestBodyBytes,
    changeCount,
    bytes,
    count,
    read: (key, ask) => memory.peek(key, ask),
    peek: (key, ask) => memory.peek(key, ask),
    write: onlyLookedAt,
    remove: nothing,
    holds: () => false,
    hasChanged: () => false,
    stored: () => memory.stored(),
    entries: () => memory.entries(),
  };
}

/** Wraps a tier. Never reads a tier that is shut off, because that read would be a probe. */
function quiet(tier: ResponseTier): ResponseTier {
  const { name, arrivingBytesMax, isShutOff } = tier;
  const reads = new Map<string, Promise<ResponseRead>>();
  return {
    name,
    arrivingBytesMax,
    isShutOff,
    write: onlyLookedAt,
    remove: nothing,
    read(key, ask) {
      const read = reads.get(key.text) ?? peeked(tier, key, ask);
      reads.set(key.text, read);
      return read;
    },
  };
}

async function peeked(
  tier: ResponseTier,
  key: RecordKey,
  { atMs, part }: ResponseAsk,
): Promise<ResponseRead> {
  if (tier.isShutOff) return { kind: "unavailable", cause: "shut-off" };
  const read = await tier.read(key, { atMs, part, isPeek: true, afterAnswer: nothing });
  if (read.kind !== "found" || read.record.kind !== "response") return read;
  const { stored } = read.record;
  discardBody(stored);
  const { metadata } = stored;
  return {
    kind: "found",
    record: { kind: "response", stored: { metadata, body: { kind: "absent" } } },
  };
}
