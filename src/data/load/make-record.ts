// Makes the record of a value, with the settings that its load has made.
import { reach } from "../../config/tier-names.ts";
import type { Stamp } from "../../cache/record/record.ts";
import { bodyRequestedAtMs } from "../../cache/record/record.ts";
import { sha256Hex } from "../../base/sha256.ts";
import { encodedBy } from "../../base/codec.ts";
import { type DataMetadata, type DataRecord, decode, decodeAs } from "../value/data-record.ts";
import { urlOf } from "../value/key.ts";
import { checkedTag, type LoaderContext } from "../value/load-context.ts";
import type { Place } from "../value/place.ts";

/** The time and place of a load, taken before its source is called (rule 1). */
export interface LoadStart {
  readonly stamp: Stamp;
  readonly colo: string;
  readonly requestedAtMs: number;
  /** From `StoreOrder`. */
  readonly order: number;
}

/** The settings that a load makes for its value. */
export type ValueOptions = Pick<LoaderContext, "tagsNamed" | "freshMs" | "isSkipped">;

interface RecordInput {
  readonly place: Place;
  readonly said: ValueOptions;
  readonly beginning: LoadStart;
  readonly respondedAtMs: number;
  /** 0 ≤ n < 1: the part of the jitter that shortens this lifetime. */
  readonly jitterDraw: number;
}

/** A record, and whether to store it. */
export interface NewRecord {
  readonly record: DataRecord;
  readonly isKept: boolean;
}

/**
 * @param value `null` if there is none
 * @throws OperatorError for a value or a tag that cannot be stored
 */
export async function recordOf(value: unknown, making: RecordInput): Promise<NewRecord> {
  const { place, said } = making;
  const { space, path, asked } = place;
  const isNegative = value === null;
  const text = isNegative ? "" : encodedBy(space.codec, value, path);
  const bytes = new TextEncoder().encode(text);
  const named = space.tagsOf(value, asked).map(checkedTag);
  const metadata: DataMetadata = {
    ...provenanceOf(making),
    ...lifetimesOf(isNegative, making),
    tags: [...new Set([...named, ...said.tagsNamed])],
    bodyBytes: bytes.byteLength,
    // Only Redis uses it.
    bodyDigest: reach(space.tiers, "world") ? await sha256Hex(bytes) : null,
    isNegative,
  };
  // Decode the encoded text, so that callers get a copy and not an object that the load still holds.
  decode(metadata, text, space.codec);
  const record: DataRecord = { metadata, body: { kind: "blob", blob: new Blob([bytes]) } };
  return { record, isKept: !said.isSkipped && metadata.freshMs > 0 };
}

/** Gives the stored value a new stamp. The time and colo of its load stay beside the stamp (rule 2). */
export function renewed(older: DataRecord, making: RecordInput): NewRecord {
  const before = older.metadata;
  const metadata: DataMetadata = {
    ...before,
    ...provenanceOf(making),
    ...lifetimesOf(before.isNegative, making),
    colo: before.colo,
    bodyRequestedAtMs: bodyRequestedAtMs(before),
    tags: [...new Set([...before.tags, ...making.said.tagsNamed])],
  };
  decodeAs(metadata, before);
  const record: DataRecord = { metadata, body: older.body };
  return { record, isKept: !making.said.isSkipped && metadata.freshMs > 0 };
}

function provenanceOf({ place, beginning, respondedAtMs }: RecordInput) {
  const { stamp, colo, requestedAtMs } = beginning;
  const { space, path } = place;
  return {
    url: urlOf(path),
    route: "",
    stamp,
    colo,
    requestedAtMs,
    respondedAtMs,
    fillCostMs: Math.max(0, respondedAtMs - requestedAtMs),
    schema: space.schema,
    codec: space.codec.name,
  };
}

function lifetimesOf(isNegative: boolean, { place, said, jitterDraw }: RecordInput) {
  const { freshMs, negativeMs, staleMs, jitter } = place.space;
  const usualMs = isNegative ? negativeMs : freshMs;
  // Without the option `negative`, `null` is never stored, whatever the call sets.
  const givenMs = usualMs === undefined ? 0 : (said.freshMs ?? usualMs);
  return { freshMs: givenMs * (1 - jitter * jitterDraw), staleMs: isNegative ? 0 : staleMs };
}
