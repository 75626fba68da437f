// The port of leases: a short, expiring right to load for a key, held across colos (Nishtala et al.,
// "Scaling Memcache at Facebook", §3.2.1).
import type { RecordKey } from "./record/record-key.ts";

/** How long a holder that died without a word is waited for. */
export const leaseMs = 3_000;

/** How long a word stands: a request that comes within it need not find out again. */
export const wordMs = {
  uncacheable: 10_000,
  "nothing-to-share": 10_000,
  // Short: an isolate of an older release reads it as a lease that somebody holds.
  "lead-anonymously": 3_000,
  unreachable: 1_000,
  timeout: 1_000,
  "error-status": 1_000,
} as const;

/**
 * What a holder leaves to those who wait, where the shared tier has nothing for them. `uncacheable`:
 * no response for this key may be shared. `nothing-to-share`: the shared tier does not have it for now.
 * `lead-anonymously`: a client's own request failed, which tells nothing about other clients'.
 */
export type LeaseWord = keyof typeof wordMs;

/** A lease that this isolate has taken, for as long as nobody else has. */
export interface Lease {
  /** Never rejects. */
  renew(): Promise<void>;
  /**
   * Lets the next one lead, or tells all who wait that they need not wait for each other. Never rejects; what
   * does not arrive ends by itself.
   */
  release(word?: LeaseWord): Promise<void>;
}

/**
 * What a look at a lease tells: taken just now, held by another, or the last holder's word.
 *
 * @typeParam Head what stands under the key in the shared tier at that very moment, without its body
 */
export type LeaseAsked<Head> =
  | { kind: "taken"; lease: Lease; record: Head | undefined }
  | { kind: "held"; record: Head | undefined }
  | { kind: "told"; word: LeaseWord; record: Head | undefined }
  | { kind: "unavailable" };

/** The leases of all keys. */
export interface Leases<Head> {
  /**
   * Takes the lease if nobody has it, and looks at the shared tier in the same moment: what the last holder
   * stored before it let go is there. Never rejects.
   */
  ask(key: RecordKey): Promise<LeaseAsked<Head>>;
  /** Takes the lease in the place of a word that stands there: of all who try, one gets it. Never rejects. */
  takeOver(key: RecordKey, word: LeaseWord): Promise<Lease | undefined>;
}
