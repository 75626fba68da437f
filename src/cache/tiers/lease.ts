// The port of leases. A lease is a short, expiring right to load a key, which all isolates respect
// (Nishtala et al., "Scaling Memcache at Facebook", §3.2.1).
import type { RecordKey } from "../record/record-key.ts";

/**
 * The duration of a lease. It is also the longest time that others wait for a holder whose request
 * has ended.
 */
export const leaseMs = 3_000;

/** The duration of each word. Within this time, other requests need not wait for the lease. */
export const wordMs = {
  uncacheable: 10_000,
  "nothing-to-share": 10_000,
  // As long as a lease, because one of the waiting requests takes over the word.
  "lead-anonymously": 3_000,
  unreachable: 1_000,
  "invalid-response": 1_000,
  "fields-too-large": 1_000,
  timeout: 1_000,
  "error-status": 1_000,
} as const;

/**
 * A holder's message to waiting requests if the shared tier has no record for them. `uncacheable`:
 * no response for this key may be shared. `nothing-to-share`: the shared tier does not have the
 * record now. `lead-anonymously`: a client's own request failed or got an uncacheable response,
 * which says nothing about other clients. The other words are failures of the origin.
 */
export type LeaseWord = keyof typeof wordMs;

/** A lease of this isolate, until it expires or another isolate takes it. */
export interface Lease {
  /** Extends the lease. Never rejects. */
  renew(): Promise<void>;
  /**
   * Releases the lease, or replaces it with a word for all waiting requests. Never rejects. If
   * Redis does not receive the command, the lease expires.
   */
  release(word?: LeaseWord): Promise<void>;
}

/**
 * The state of a lease: taken by this call, held by another request, or replaced by the last
 * holder's word.
 *
 * @typeParam Head the record in the shared tier at that moment, without its body
 */
export type LeaseAnswer<Head> =
  | { kind: "taken"; lease: Lease; record: Head | undefined }
  | { kind: "held"; record: Head | undefined }
  | { kind: "told"; word: LeaseWord; record: Head | undefined }
  | { kind: "unavailable" };

/** The leases of all keys. */
export interface Leases<Head> {
  /**
   * Takes the lease if it is free, and reads the record in the same step. So the result includes a
   * record that the last holder stored. Never rejects.
   */
  ask(key: RecordKey): Promise<LeaseAnswer<Head>>;
  /** Replaces a word with a lease. Only one of several callers succeeds. Never rejects. */
  takeOver(key: RecordKey, word: LeaseWord): Promise<Lease | undefined>;
}
