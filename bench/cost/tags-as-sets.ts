// The cost of the same traffic in a common design: each tag is a set of keys in Redis, each miss
// takes a lock, and each request counts metrics there. The design has the same memory and edge
// tiers, the same lookups and fills, and no Vary. It cannot keep the promise about purges, because
// its purges reach only Redis. No commands are added for the promise.

/** The events of the shared tier, in order. */
export type StoreEvent =
  | { readonly kind: "fill" | "freshening"; readonly key: string; readonly tags: readonly string[] }
  | { readonly kind: "purge"; readonly tags: readonly string[]; readonly urlCount: number };

export interface Traffic {
  readonly requests: number;
  readonly lookUps: number;
  readonly originRequests: number;
  readonly events: readonly StoreEvent[];
}

/** Commands by purpose. */
export interface TagsAsSets {
  readonly metrics: number;
  readonly lookUps: number;
  readonly locks: number;
  readonly fills: number;
  readonly freshenings: number;
  readonly purges: number;
  /** The additional commands if each purged key were deleted by its own command. */
  readonly purgedOneByOne: number;
}

/** One HINCRBY counts a hit or a miss, and one adds its duration. */
const commandsARequest = 2;
/** GET. The value and its metadata are one string. */
const commandsALookUp = 1;
/**
 * SET NX PX before the request to the origin, and DEL after the response. In this model, clients
 * without the lock send no command.
 */
const commandsALock = 2;
/** SET with its expiry. A 304 costs another SET, or EXPIRE. */
const commandsARecord = 1;
/** SADD and EXPIRE; a 304 only extends a set's life with EXPIRE. */
const commandsAFilledTag = 2;
const commandsAFreshenedTag = 1;
/** SMEMBERS, and one DEL of all members and the set. */
const commandsAPurgedTag = 2;
const commandsAPurgedUrl = 1;

export function tagsAsSets({ requests, lookUps, originRequests, events }: Traffic): TagsAsSets {
  const sets = new Map<string, Set<string>>();
  const setOf = (tag: string): Set<string> => {
    const members = sets.get(tag) ?? new Set<string>();
    sets.set(tag, members);
    return members;
  };
  let [fills, freshenings, purges, purgedOneByOne] = [0, 0, 0, 0];
  for (const event of events) {
    if (event.kind === "purge") {
      purges += event.tags.length * commandsAPurgedTag + event.urlCount * commandsAPurgedUrl;
      for (const tag of event.tags) {
        purgedOneByOne += setOf(tag).size;
        sets.delete(tag);
      }
    } else if (event.kind === "fill") {
      fills += commandsARecord + event.tags.length * commandsAFilledTag;
      for (const tag of event.tags) setOf(tag).add(event.key);
    } else freshenings += commandsARecord + event.tags.length * commandsAFreshenedTag;
  }
  return {
    metrics: requests * commandsARequest,
    lookUps: lookUps * commandsALookUp,
    locks: originRequests * commandsALock,
    fills,
    freshenings,
    purges,
    purgedOneByOne,
  };
}

export function commandsOf(design: TagsAsSets): number {
  const { metrics, lookUps, locks, fills, freshenings, purges } = design;
  return metrics + lookUps + locks + fills + freshenings + purges;
}
