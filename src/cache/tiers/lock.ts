// The port of locks. A lock is a short, expiring right to load a key, which all isolates respect
// (Nishtala et al., "Scaling Memcache at Facebook", §3.2.1).
import type { RecordKey } from "../record/record-key.ts";

/**
 * The duration of a lock. It is also the longest time that others wait for a holder whose request
 * has ended.
 */
export const lockMs = 3_000;

/** The duration of each word. Within this time, other requests need not wait for the lock. */
export const wordMs = {
  uncacheable: 10_000,
  "nothing-to-share": 10_000,
  // As long as a lock, because one of the waiting requests takes over the word.
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
export type LockWord = keyof typeof wordMs;

/** A lock of this isolate, until it expires or another isolate takes it. */
export interface Lock {
  /** Extends the lock. Never rejects. */
  renew(): Promise<void>;
  /**
   * Releases the lock, or replaces it with a word for all waiting requests. Never rejects. If
   * Redis does not receive the command, the lock expires.
   */
  release(word?: LockWord): Promise<void>;
}

/**
 * The state of a lock: taken by this call, held by another request, or replaced by the last
 * holder's word.
 *
 * @typeParam Head the record in the shared tier at that moment, without its body
 */
export type LockAnswer<Head> =
  | { kind: "taken"; lock: Lock; record: Head | undefined }
  | { kind: "held"; record: Head | undefined }
  | { kind: "told"; word: LockWord; record: Head | undefined }
  | { kind: "unavailable" };

/** The locks of all keys. */
export interface Locks<Head> {
  /**
   * Takes the lock if it is free, and reads the record in the same step. So the result includes a
   * record that the last holder stored. Never rejects.
   */
  ask(key: RecordKey): Promise<LockAnswer<Head>>;
  /** Replaces a word with a lock. Only one of several callers succeeds. Never rejects. */
  takeOver(key: RecordKey, word: LockWord): Promise<Lock | undefined>;
}
