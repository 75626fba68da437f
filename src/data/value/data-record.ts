// The record of a value: the metadata of data, its form in the tiers, and the decoded value.
import type { Candidate as CacheCandidate } from "../../cache/lookup.ts";
import { type CacheRecord, type MetadataWith } from "../../cache/record/record.ts";
import { isFlag, isNumber, isText, membersWith } from "../../cache/tiers/record-codec.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import { type Codec, isPlainJson } from "../../base/codec.ts";
import { deepFreeze, freezeTree } from "./frozen.ts";

/** The metadata of a value, in addition to that of any record. */
export interface DataDetail {
  /** The schema of the namespace that stored the value. Values of another schema are never used. */
  readonly schema: number;
  /** The codec's name. */
  readonly codec: string;
  /** Whether the source returned `null`: there is no value. */
  readonly isNegative: boolean;
  /** How long the value answers, from `respondedAtMs` on. The jitter is already subtracted. */
  readonly freshMs: number;
  /** How long the value may answer stale after `freshMs`. */
  readonly staleMs: number;
}

export type DataMetadata = MetadataWith<DataDetail>;
export type DataRecord = CacheRecord<DataDetail>;
export type Candidate = CacheCandidate<DataDetail>;

/** Heap bytes of a decoded value for each byte of its text. Objects with short members need the most. */
const heapBytesPerByte = 4;

export const dataForm: RecordForm<DataDetail> = {
  members: membersWith<DataDetail>({
    schema: ["S", isNumber, 0],
    codec: ["C", isText, "json"],
    isNegative: ["N", isFlag, false],
    freshMs: ["F", isNumber],
    staleMs: ["L", isNumber, 0],
  }),
  keepMs: ({ freshMs, staleMs }) => freshMs + staleMs,
  heapBytes: ({ bodyBytes }) => heapBytesPerByte * (bodyBytes ?? 0),
  // Requests for keys that do not exist may evict only records of other such keys.
  mayPushOutOthers: ({ isNegative }) => !isNegative,
  isWorthPacking: () => true,
};

interface DecodedValue {
  readonly value: unknown;
  /** The text of a value that cannot be frozen. It is decoded for each caller. */
  readonly text: string | undefined;
}

/** The member of metadata with the decoded value, also in copies. Garbage collection costs less than for a `WeakMap`. */
const decoded = Symbol("decoded");

type Decodable = DataMetadata & { [decoded]?: DecodedValue | undefined };

/**
 * Decodes a value once for all callers.
 *
 * @throws the error of the codec
 */
export function decode(metadata: Decodable, text: string, codec: Codec): void {
  const value: unknown = metadata.isNegative ? null : codec.decode(text);
  if (isPlainJson(codec, text)) return holdTree(metadata, value);
  metadata[decoded] = { value, text: deepFreeze(value) ? undefined : text };
}

/** Freezes plain JSON, and makes `valueOf` return it. */
export function holdTree(metadata: Decodable, value: unknown): void {
  freezeTree(value);
  handOut(metadata, value);
}

/** Makes `valueOf` return the value itself, not frozen, because the value cannot be stored. */
export function handOut(metadata: Decodable, value: unknown): void {
  metadata[decoded] = { value, text: undefined };
}

/** Shares the decoded value with other metadata of the same value. */
export function decodeAs(metadata: Decodable, before: Decodable): void {
  metadata[decoded] = before[decoded];
}

/** Returns the frozen value; a new copy if it cannot be frozen; the value itself after `handOut`. */
export function valueOf(metadata: Decodable, codec: Codec): unknown {
  const known = metadata[decoded];
  if (known?.text === undefined) return known?.value;
  const value: unknown = codec.decode(known.text);
  deepFreeze(value);
  return value;
}

/** Returns the end of the value's fresh and stale time, in epoch milliseconds. */
export function keepUntilAtMs({ respondedAtMs, freshMs, staleMs }: DataMetadata): number {
  return respondedAtMs + freshMs + staleMs;
}
