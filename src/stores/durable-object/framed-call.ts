// The calls of a Worker to a Durable Object of records. A message is one line of JSON, and then the
// bytes of a body. A deployment may run two versions of the Worker over one object, so no member ever
// changes its meaning.

import { version } from "../../cache/tiers/record-codec.ts";

export interface ReadAsk {
  readonly key: string;
  /** `head`: the body is only sent if it has at most `briefBytesMax`. */
  readonly part: "whole" | "head";
  /** Whether no client has requested the record. */
  readonly isPeek?: boolean | undefined;
  /** As in `TierAsk`. */
  readonly seesExpired?: boolean | undefined;
}

/** The body follows. */
export interface WriteAsk {
  readonly key: string;
  /** The milliseconds until the object drops the record. */
  readonly keepMs: number;
  readonly head: string;
}

/** The stored record that a write keeps (docs/internals/purge-protocol-data.md, rule 28 c). */
export interface UnlessNewer {
  readonly kind: "load" | "set";
  /** The position of the written record's stamp. */
  readonly position: string;
  /** A stored record is recent if its source answered at this instant or later. */
  readonly recentFromMs: number;
  readonly seen?: { readonly respondedAtMs: number; readonly bodyDigest: string | null };
}

/** A record among several, whose bodies follow in the order of the records. */
export interface ManyWrite extends WriteAsk {
  readonly bodyBytes: number;
  readonly unless?: UnlessNewer | undefined;
}

export interface LockAsk {
  readonly key: string;
  /** The key of the record to read in the same step. */
  readonly record: string;
  readonly token: string;
  readonly ms: number;
}

export interface ReplaceAsk {
  readonly key: string;
  readonly expected: string;
  /** Empty to delete the lock. */
  readonly value: string;
  readonly ms: number;
}

/** A member of each question: the size of an object, in bytes; absent for no limit. */
export interface WithLimit {
  readonly objectBytes?: number | undefined;
}

/** A member of the reply to a write: whether the object has lately evicted records. */
export interface WithRoom {
  readonly isFull: boolean;
}

/** The question and the reply of each call. A reply of a read is followed by the body. */
export interface RecordCalls {
  readonly read: [ReadAsk, { readonly head?: string; readonly hasBody?: boolean }];
  readonly write: [WriteAsk, WithRoom];
  /**
   * Reads whole records, also expired ones. Replies with the first of them, as many as fit into a reply, and at least
   * one. `bodyBytes` is the length of each record's body.
   */
  readonly readMany: [
    { readonly keys: readonly string[] },
    { readonly records: readonly { readonly head?: string; readonly bodyBytes: number }[] },
  ];
  /** Writes records, each unless the stored one is newer. Replies whether each was newer. */
  readonly writeMany: [
    { readonly records: readonly ManyWrite[] },
    { readonly areNewer: readonly boolean[] } & WithRoom,
  ];
  readonly remove: [{ readonly key: string }, object];
  readonly lock: [LockAsk, { readonly value: string; readonly head?: string }];
  readonly replace: [ReplaceAsk, { readonly isReplaced: boolean }];
}

export type RecordCall = keyof RecordCalls;

/**
 * Returns the path of a call, with the version of the records' form. An object compares heads
 * (`is-newer.ts`), so it answers only Workers with its own form.
 */
export const callPath = (call: RecordCall): string => `${call}.${version}`;

/** A read of metadata also gets a body up to this size. */
export const briefBytesMax = 4_096;

/** The approximate size of a message with several records: below the memory of a Worker by far. */
export const manyBytesMax = 16 * 1_048_576;

/** The status of a reply of an object without space. */
export const fullStatus = 507;

const lineFeed = 10;

export async function framed(
  message: object,
  ...bodies: readonly (Blob | Uint8Array<ArrayBuffer>)[]
): Promise<ArrayBuffer> {
  return new Blob([JSON.stringify(message), "\n", ...bodies]).arrayBuffer();
}

/** Splits a message. Throws if it has no line of JSON. */
export function unframed(bytes: ArrayBuffer): {
  readonly message: unknown;
  readonly body: Uint8Array<ArrayBuffer>;
} {
  const all = new Uint8Array(bytes);
  const end = all.indexOf(lineFeed);
  const line = new TextDecoder().decode(all.subarray(0, Math.max(0, end)));
  return { message: JSON.parse(line), body: all.subarray(end + 1) };
}
