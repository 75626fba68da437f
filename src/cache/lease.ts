// The port of leases: a short, expiring right to load for a key, held across colos (Nishtala et al.,
// "Scaling Memcache at Facebook", §3.2.1).
import type { RecordKey } from "./record/record-key.ts";

/** How long others wait for a holder that died. */
export const leaseMs = 3_000;

/** How long a word lasts. Requests within this time need not try again. */
export const wordMs = {
  uncacheable: 10_000,
  "nothing-to-share": 10_000,
  // Short: an isolate of an older release takes it for a held lease.
  "lead-anonymously": 3_000,
  unreachable: 1_000,
  timeout: 1_000,
  "error-status": 1_000,
} as const;

/**
 * A holder's message to waiting requests when the shared tier has nothing for them. `uncacheable`: no
 * response for this key may be shared. `nothing-to-share`: the shared tier lacks it for now.
 * `lead-anonymously`: a client's own request failed, which says nothing about other clients.
 */
export type LeaseWord = keyof typeof wordMs;

/** A lease of this isolate, until it expires or another takes it. */
export interface Lease {
  /** Never rejects. */
  renew(): Promise<void>;
  /**
   * Lets the next request lead, or leaves a word for all that wait. Never rejects; if this does not arrive,
   * the lease expires.
   */
  release(word?: LeaseWord): Promise<void>;
}

/**
 * The state of a lease: taken by this call, held by another, or the last holder's word.
 *
 * @typeParam Head the record under the key in the shared tier at that moment, without its body
 */
export type LeaseAnswer<Head> =
  | { kind: "taken"; lease: Lease; record: Head | undefined }
  | { kind: "held"; record: Head | undefined }
  | { kind: "told"; word: LeaseWord; record: Head | undefined }
  | { kind: "unavailable" };

/** The leases of all keys. */
export interface Leases<Head> {
  /**
   * Takes the lease if it is free, and reads the shared tier atomically: a record that the last holder
   * stored is visible. Never rejects.
   */
  ask(key: RecordKey): Promise<LeaseAnswer<Head>>;
  /** Replaces a word with a lease. Only one of several callers succeeds. Never rejects. */
  takeOver(key: RecordKey, word: LeaseWord): Promise<Lease | undefined>;
}
