// The stores of a site, which a Worker names in code. A Worker bundles only the stores that it imports.
import type { BodiesInCode, TierInCode } from "../cache/tiers/tier-in-code.ts";
import type { JournalInCode } from "../purge/journal-in-code.ts";
import type { RedisStore } from "./redis/redis-store.ts";

/**
 * The stores of a site: `upstash()` of `tidemark/upstash`, or `durableObjects()` of
 * `tidemark/cloudflare`. Without stores, each colo has only its memory and Cache API, and no purges.
 *
 * @example stores: { ...upstash(), bodies: r2Bodies({ binding: "BODIES" }) }
 */
export interface Stores {
  /** Redis, for each part that no other member names. */
  readonly redis?: RedisStore | undefined;
  readonly journal?: JournalInCode | undefined;
  /** The shared tier and its leases. */
  readonly records?: TierInCode | undefined;
  /** The store of bodies that are too large for the shared tier. */
  readonly bodies?: BodiesInCode | undefined;
}
