// The tiers of an isolate for an explanation: nothing is written, counted or learnt, and each tier is
// asked once for a key.
import type { RecordKey } from "../../cache/record/record-key.ts";
import { discardBody } from "../../cache/record/record.ts";
import type { TierName } from "../../config/config.ts";
import type { TieredCache } from "../../create-cache.ts";
import type { ResponseDetail } from "../../proxy/stored/stored-response.ts";
import type { ResponseAsk, ResponseRead, ResponseTier, Tiers } from "../../proxy/stored/tiers.ts";

type Core = Pick<TieredCache<ResponseDetail>, "tiers" | "redis">;

/** For one explanation. Bodies are never kept: what is found has its metadata alone. */
export class QuietTiers implements Tiers {
  readonly memory: Tiers["memory"];
  readonly edge: ResponseTier;
  readonly shared: ResponseTier | undefined;

  /** @param core with no edge tier, that one reads as absent */
  constructor({ tiers, redis }: Core) {
    const { edge, shared } = tiers;
    this.memory = quietMemory(tiers.memory);
    this.edge = quiet("edge", edge, () => edge?.isShutOff === true);
    this.shared = shared && quiet("shared", shared, () => redis?.isShutOff === true);
  }

  /** What a tier has under a key: the same as before, if it was asked. `undefined`: there is no such tier. */
  async look(name: TierName, key: RecordKey, atMs: number): Promise<ResponseRead | undefined> {
    if (name === "memory") return this.memory.read(key, { atMs });
    return this[name]?.read(key, { atMs, part: "metadata", afterAnswer: nothing });
  }
}

const nothing = () => undefined;

function quietMemory(memory: Core["tiers"]["memory"]): Tiers["memory"] {
  const { changeCount } = memory;
  return {
    name: "memory",
    read: (key, ask) => memory.peek(key, ask),
    write: () => ({ kind: "unavailable", cause: "only looked at" }),
    remove: nothing,
    largestBodyBytes: memory.largestBodyBytes,
    holds: () => false,
    changeCount,
    hasChanged: () => false,
    bytes: memory.bytes,
    count: memory.count,
    stored: () => memory.stored(),
  };
}

/** A tier that is shut off is not asked: the next request's probe is not ours to take. */
function quiet(
  name: Exclude<TierName, "memory">,
  tier: Pick<ResponseTier, "read"> | undefined,
  isShutOff: () => boolean,
): ResponseTier {
  const reads = new Map<string, Promise<ResponseRead>>();
  return {
    name,
    write: () => ({ kind: "unavailable", cause: "only looked at" }),
    remove: nothing,
    read(key, ask) {
      const read = reads.get(key.text) ?? peeked(tier, key, ask, isShutOff);
      reads.set(key.text, read);
      return read;
    },
  };
}

async function peeked(
  tier: Pick<ResponseTier, "read"> | undefined,
  key: RecordKey,
  { atMs, part }: ResponseAsk,
  isShutOff: () => boolean,
): Promise<ResponseRead> {
  if (tier === undefined) return { kind: "absent" };
  if (isShutOff()) return { kind: "unavailable", cause: "shut-off" };
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
