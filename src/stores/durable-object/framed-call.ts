// The calls of a Worker to a Durable Object of records. A message is one line of JSON, and then the
// bytes of a body. A deployment may run two versions of the Worker over one object, so no member ever
// changes its meaning.

export interface ReadAsk {
  readonly key: string;
  /** `head`: the body is only sent if it has at most `briefBytesMax`. */
  readonly part: "whole" | "head";
}

/** The body follows. */
export interface WriteAsk {
  readonly key: string;
  /** The milliseconds until the object drops the record. */
  readonly keepMs: number;
  readonly head: string;
}

export interface LeaseAsk {
  readonly key: string;
  /** The key of the record to read in the same step. */
  readonly record: string;
  readonly token: string;
  readonly ms: number;
}

export interface ReplaceAsk {
  readonly key: string;
  readonly expected: string;
  /** Empty to delete the lease. */
  readonly value: string;
  readonly ms: number;
}

/** The question and the reply of each call. A reply of a read is followed by the body. */
export interface RecordCalls {
  readonly read: [ReadAsk, { readonly head?: string; readonly hasBody?: boolean }];
  readonly write: [WriteAsk, object];
  readonly remove: [{ readonly key: string }, object];
  readonly lease: [LeaseAsk, { readonly value: string; readonly head?: string }];
  readonly replace: [ReplaceAsk, { readonly isReplaced: boolean }];
}

export type RecordCall = keyof RecordCalls;

/** A read of metadata also gets a body up to this size. */
export const briefBytesMax = 4_096;

const lineFeed = 10;

export async function framed(
  message: object,
  body: Blob | Uint8Array<ArrayBuffer> = new Blob(),
): Promise<ArrayBuffer> {
  return new Blob([JSON.stringify(message), "\n", body]).arrayBuffer();
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
