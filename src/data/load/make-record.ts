// Takes the stamp, clock and colo before a load or a write, and then creates the record of its value.
import { reach } from "../../config/tier-names.ts";
import {
  asOldAs,
  BytesBody,
  bodyRequestedAtMs,
  digestOf,
  type NewerRecords,
  sizeOf,
  type Stamp,
} from "../../cache/record/record.ts";
import { encodedWithCopy } from "../../base/codec.ts";
import {
  type DataMetadata,
  type DataRecord,
  decode,
  decodeAs,
  handOut,
  holdTree,
} from "../value/data-record.ts";
import { urlOf } from "../value/data-key.ts";
import { checkedTag, type LoaderContext } from "../value/load-context.ts";
import type { DataPlace } from "../value/space.ts";
import type { DataPorts } from "./data-ports.ts";

/**
 * Takes the stamp, the colo and the clock. If a key is purged after this call, the purge also covers a
 * value whose load or write begins with this call's result.
 *
 * @param host the host under which the colo keeps copies of the view
 * @param how as in `PurgeView.stamp`
 */
export function begin(
  host: string,
  { view, colo, nowAtMs, afterAnswer, stores }: DataPorts,
  how?: { readonly onPrimary: boolean },
): LoadStart | Promise<LoadStart> {
  const stamp = view.stamp({ atMs: nowAtMs(), host, afterAnswer }, how);
  const from = (taken: Stamp) => {
    return { stamp: taken, colo: colo(), requestedAtMs: nowAtMs(), order: stores.begin() };
  };
  return stamp instanceof Promise ? stamp.then(from) : from(stamp);
}

/** The time and place of a load, taken before its source is called (rule 1). */
export interface LoadStart {
  readonly stamp: Stamp;
  readonly colo: string;
  readonly requestedAtMs: number;
  /** The order from `StoreOrder`. */
  readonly order: number;
}

/** The start of a load outside of `getOrSet`. */
export interface GivenStart extends LoadStart {
  /** The number of purges of writes that the journal had refused at the start (rule 25 d). */
  readonly refusedCount: number;
  /** The stored value that the lookup found, which the loaded value replaces. */
  readonly over: NewerRecords["seen"];
}

/** The settings that a load or a write gives its value. */
export type ValueOptions = Pick<LoaderContext, "tagsNamed" | "freshMs" | "isSkipped"> &
  Partial<Pick<LoaderContext, "staleMs" | "valueFreshMs" | "reads">>;

interface RecordInput {
  readonly place: DataPlace;
  readonly options: ValueOptions;
  readonly beginning: LoadStart;
  readonly respondedAtMs: number;
  /** A random number n, 0 ≤ n < 1: the share of the option `jitter` that shortens this lifetime. */
  readonly jitterDraw: number;
}

/** A record, and whether to store it. */
export interface NewRecord {
  readonly record: DataRecord;
  readonly isKept: boolean;
}

/**
 * Creates the record of a value. Returns a promise only on Workers, whose digests are promises.
 *
 * @param value `null` if there is none
 * @param onUnstorable receives the error for a value that cannot be stored. Callers then get the
 *   value itself
 * @throws OperatorError for a tag that cannot be stored. Without `onUnstorable`, also throws for a
 *   value that cannot be stored
 */
export function recordOf(
  value: unknown,
  making: RecordInput,
  onUnstorable?: (cause: unknown) => void,
): NewRecord | Promise<NewRecord> {
  const { place, options } = making;
  const { space, path, appKey: key } = place;
  const isNegative = value === null;
  const named = space.tagsOf(value, key).map(checkedTag);
  const tags = [...named, ...place.tags, ...options.tagsNamed];
  const metadata = asOldAs(newMetadata(making, isNegative, tags), options.reads);
  let body: BytesBody;
  try {
    const encoded = isNegative ? { text: "" } : encodedWithCopy(space.codec, value, path);
    const { text, copy } = encoded;
    body = BytesBody.ofText(text);
    // Callers get a copy, or what the text decodes to, instead of an object that the load may change.
    if (copy === undefined) decode(metadata, text, space.codec);
    else holdTree(metadata, copy);
  } catch (cause) {
    if (onUnstorable === undefined) throw cause;
    onUnstorable(cause);
    handOut(metadata, value);
    return { record: { metadata, body: BytesBody.ofText("") }, isKept: false };
  }
  metadata.bodyBytes = sizeOf(body);
  const withDigest = (bodyDigest: string | null): NewRecord => {
    metadata.bodyDigest = bodyDigest;
    const isKept = !options.isSkipped && metadata.freshMs > 0;
    return { record: { metadata, body }, isKept };
  };
  // Redis verifies the body by this digest.
  const digest = reach(space.tiers, "world") ? digestOf(body) : null;
  return digest instanceof Promise ? digest.then(withDigest) : withDigest(digest);
}

/**
 * Renews a confirmed value: takes the stamp, times and lifetimes of the confirming load. Keeps the
 * colo of the value's own load, and the time of that load as `bodyRequestedAtMs` (rule 2).
 */
export function renewed(older: DataRecord, making: RecordInput): NewRecord {
  const before = older.metadata;
  const tags = [...before.tags, ...making.place.tags, ...making.options.tagsNamed];
  const freshened: DataMetadata = {
    ...newMetadata(making, before.isNegative, tags),
    colo: before.colo,
    bodyRequestedAtMs: bodyRequestedAtMs(before),
    bodyBytes: before.bodyBytes,
    bodyDigest: before.bodyDigest,
  };
  const metadata = asOldAs(freshened, making.options.reads);
  decodeAs(metadata, before);
  const record: DataRecord = { metadata, body: older.body };
  return { record, isKept: !making.options.isSkipped && metadata.freshMs > 0 };
}

/** Returns the metadata of a value without a body. */
function newMetadata(
  { place, options, beginning, respondedAtMs, jitterDraw }: RecordInput,
  isNegative: boolean,
  tags: readonly string[],
) {
  const { stamp, colo, requestedAtMs } = beginning;
  const { space, path } = place;
  const usualMs = isNegative ? space.negativeMs : (options.valueFreshMs ?? space.freshMs);
  // Without the option `negative`, `null` is never stored, regardless of the options of the call.
  const givenMs = usualMs === undefined ? 0 : (options.freshMs ?? usualMs);
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
    freshMs: givenMs * (1 - space.jitter * jitterDraw),
    staleMs: isNegative ? 0 : (options.staleMs ?? space.staleMs),
    tags: tags.length < 2 ? tags : [...new Set(tags)],
    bodyBytes: 0,
    bodyDigest: null as string | null,
    isNegative,
  };
}
