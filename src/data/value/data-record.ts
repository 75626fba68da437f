// A value as a record of the tiers: what data says of it, how tiers read that, and the value itself, kept
// decoded beside its metadata.
import * as z from "zod/mini";
import type { Candidate as CacheCandidate } from "../../cache/find.ts";
import type { CacheRecord, MetadataWith } from "../../cache/record/record.ts";
import { recordCheck } from "../../cache/tiers/record-codec.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import type { Codec } from "../../base/codec.ts";
import { deepFreeze } from "./frozen.ts";

/** What data says of a value, beside what any record has. */
export interface DataDetail {
  /** Of the namespace that stored it: a value of another one is never read. */
  readonly schema: number;
  /** By its name. */
  readonly codec: string;
  /** There is no value: its source said `null`. */
  readonly isNegative: boolean;
  /** From `respondedAtMs` on; the jitter has shortened it. */
  readonly freshMs: number;
  /** After that, how long it may answer stale. */
  readonly staleMs: number;
}

export type DataMetadata = MetadataWith<DataDetail>;
export type DataRecord = CacheRecord<DataDetail>;
export type Candidate = CacheCandidate<DataDetail>;

/** What a value takes in the heap for each byte of its text: objects of short members take the most. */
const heapBytesPerByte = 4;

export const dataForm: RecordForm<DataDetail> = {
  check: recordCheck<DataDetail>({
    name: z.string(),
    detail: {
      schema: z.number(),
      codec: z.string(),
      isNegative: z.boolean(),
      freshMs: z.number(),
      staleMs: z.number(),
    },
    completed: (metadata) => metadata,
  }),
  heapBytes: ({ bodyBytes }) => heapBytesPerByte * (bodyBytes ?? 0),
  // Whoever asks for keys that do not exist pushes out the like alone.
  mayPushOutOthers: ({ isNegative }) => !isNegative,
  isWorthPacking: () => true,
};

interface Decoded {
  readonly value: unknown;
  /** Of a value that cannot be frozen, which is made anew for each caller. */
  readonly text: string | undefined;
}

const decoded = new WeakMap<DataMetadata, Decoded>();

/**
 * Decodes a value once, for all who are given it.
 *
 * @throws what the codec throws
 */
export function decode(metadata: DataMetadata, text: string, codec: Codec): void {
  const value: unknown = metadata.isNegative ? null : codec.decode(text);
  decoded.set(metadata, { value, text: deepFreeze(value) ? undefined : text });
}

/** The same value under other metadata. */
export function decodeAs(metadata: DataMetadata, before: DataMetadata): void {
  const known = decoded.get(before);
  if (known !== undefined) decoded.set(metadata, known);
}

/** @returns the value, which nobody can change, or one that is the caller's alone */
export function valueOf(metadata: DataMetadata, codec: Codec): unknown {
  const known = decoded.get(metadata);
  if (known?.text === undefined) return known?.value;
  const value: unknown = codec.decode(known.text);
  deepFreeze(value);
  return value;
}

/** Epoch milliseconds: until then it may answer, fresh or stale. */
export function keepUntilAtMs({ respondedAtMs, freshMs, staleMs }: DataMetadata): number {
  return respondedAtMs + freshMs + staleMs;
}
