// A value that the application passes, instead of a load: its options, the tags that it keeps, and the purge of the
// older values of its key.
import { OperatorError, type Reason } from "../../base/operator-error.ts";
import { discardBody, type Stamp, type WriteWithPurge } from "../../cache/record/record.ts";
import type { AcceptedWrite, Acceptances } from "../../purge/acceptance/acceptance.ts";
import type { OlderTags, Unavailable } from "../../purge/journal/journal.ts";
import { coveredBy } from "../../purge/view/target-index.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { ValueOptions } from "../load/make-record.ts";
import { isHard } from "../load/verdict.ts";
import type { DataPorts } from "../load/data-ports.ts";
import type { DataMetadata, DataRecord } from "../value/data-record.ts";
import { targetsOf } from "../value/data-key.ts";
import { type DataDuration, msOf } from "../value/lifetime-text.ts";
import { checkedTag } from "../value/load-context.ts";
import type { DataPlace } from "../value/space.ts";
import type { UnpurgedWrites } from "./unpurged-writes.ts";

/** Options of one value that is written through. */
export interface WriteOptions {
  /** Replaces the namespace's `fresh`. */
  readonly fresh?: DataDuration | undefined;
  /** Replaces the namespace's `stale`. */
  readonly stale?: DataDuration | undefined;
  /**
   * Tags in addition to the namespace's. Default: the tags of the replaced value, unless a function
   * of the namespace derives tags.
   */
  readonly tags?: readonly string[] | undefined;
}

/** The settings of a value, and whether it keeps the tags of the replaced value. */
export interface WrittenOptions extends ValueOptions {
  readonly keepsTags: boolean;
}

/** A value and its key. */
export interface WrittenValue {
  readonly place: DataPlace;
  readonly value: unknown;
  readonly options: WrittenOptions;
}

/** The dependencies of `set` and `write`. */
export interface WritePorts extends DataPorts {
  /**
   * `undefined` without a database, so that writing through fails. A cache of a single process
   * needs no database.
   */
  readonly purging: { readonly acceptances: Pick<Acceptances, "acceptAfter"> } | undefined;
  readonly unpurged: UnpurgedWrites;
  readonly metrics: Metrics;
}

/**
 * Returns the validated options.
 *
 * @throws OperatorError for an invalid lifetime or tag
 */
export function writtenOptionsOf({ fresh, stale, tags }: WriteOptions): WrittenOptions {
  const freshMs = fresh === undefined ? undefined : msOf(fresh);
  const staleMs = stale === undefined ? undefined : msOf(stale);
  const tagsNamed = new Set(tags?.map(checkedTag));
  return { tagsNamed, freshMs, staleMs, isSkipped: false, keepsTags: tags === undefined };
}

/**
 * Adds the tags of the stored value if the new value keeps them. Ignores copies that a known hard
 * purge covers.
 *
 * @param how.from the copies whose tags to add. `all` costs one command to Redis. `above` leaves out the farthest tier
 * @returns `undefined` if the farthest tier did not answer, so the tags are unknown
 */
export async function withKeptTags(
  options: WrittenOptions,
  { key, space }: DataPlace,
  ports: WritePorts,
  { from }: { readonly from: "all" | "above" | "nearest" },
): Promise<WrittenOptions | undefined> {
  if (!options.keepsTags || space.derivesTags) return options;
  const { tiers, nowAtMs, afterAnswer } = ports;
  const ask = { atMs: nowAtMs(), part: "metadata", afterAnswer } as const;
  const tagsNamed = new Set<string>();
  const { all, ofWorld } = tiers.of(space.tiers);
  for (const tier of all) {
    if (from === "above" && tier === ofWorld) continue;
    const reading = tier.read(key, ask);
    const read = reading instanceof Promise ? await reading : reading;
    // Only the farthest tier must answer, because it has every copy that matters.
    if (read.kind === "unavailable" && tier === all.at(-1)) return undefined;
    if (read.kind !== "found" || read.record.kind !== "response") continue;
    const { stored } = read.record;
    discardBody(stored);
    if (isEnded(stored.metadata, ports)) continue;
    for (const tag of stored.metadata.tags) tagsNamed.add(tag);
    if (from === "nearest") break;
  }
  return { ...options, tagsNamed };
}

/** Returns whether a hard purge that this isolate knows covers the value. */
export function isEnded(
  metadata: DataMetadata,
  { viewOfPurges, nowAtMs, maxLagMs, colo }: WritePorts,
): boolean {
  return isHard(viewOfPurges.judge(metadata, { atMs: nowAtMs(), maxLagMs, colo }));
}

/**
 * Purges the older values of a key. If the journal does not accept the purge, holds the key in this
 * isolate (rule 25 e).
 *
 * @returns `older-tags` only with `write`, as from the journal
 */
export async function purgedOlder(
  {
    place,
    reason,
    tags = [],
    since,
    write,
  }: {
    readonly place: DataPlace;
    readonly reason: string;
    /** Tags that the purge also names. */
    readonly tags?: readonly string[] | undefined;
    readonly since: Stamp | "end";
    readonly write?: WriteWithPurge | undefined;
  },
  { purging, unpurged, metrics, counts, randomText, nowAtMs, afterAnswer }: WritePorts,
): Promise<AcceptedWrite | OlderTags | Unavailable> {
  const targets = targetsOf({ paths: [place.path], tags });
  const order = { bodyDigest: "", by: "data", mode: "hard", id: randomText(), reason } as const;
  const requester = { atMs: nowAtMs(), host: place.key.host, afterAnswer };
  const hold = unpurged.holdOn(place);
  const accepted =
    (await purging?.acceptances.acceptAfter({ ...order, targets }, since, requester, write)) ??
    ({ kind: "unavailable" } as const);
  if (accepted.kind === "unavailable") {
    metrics.add("purgeRefusals", ["unavailable"]);
    counts.counted(place.space.name, "unpurgedWrites");
    unpurged.add(place);
  } else if (accepted.kind === "accepted") {
    unpurged.release(place, hold);
  }
  return accepted;
}

/**
 * Returns the record with the place of its own purge as stamp, and with a new `respondedAtMs`. Keeps the
 * time and the colo of the write's start.
 */
export function recordAt(
  made: DataRecord,
  { placed }: AcceptedWrite,
  respondedAtMs: number,
): DataRecord {
  const { position, n } = placed;
  return { ...made, metadata: { ...made.metadata, stamp: { position, n }, respondedAtMs } };
}

/**
 * Returns whether only this write changed the key between its stamp and its purge (rule 25 d). The
 * same chain must contain the stamp and the purge. Each entry between them that covers the key must
 * have this write's id.
 */
export function isAlone(
  { placed, since }: AcceptedWrite,
  { metadata }: DataRecord,
  stamp: Stamp,
): boolean {
  if (stamp === "none" || since === undefined) return false;
  return since.every((entry) => entry.id === placed.id || !coveredBy(entry.targets)(metadata));
}

/** The result of a purge that the journal did not accept. It may have the members of `Unavailable`. */
export type JournalRefusal = { readonly kind: string } & Partial<Omit<Unavailable, "kind">>;

/** Returns the cause of a purge that the journal did not accept. The hint is the retry, and the operator's step. */
export function refusalReason({ why, hint }: JournalRefusal, retry: string): Reason {
  return {
    why: why ?? "The journal did not confirm it.",
    hint: hint === undefined ? `${retry}.` : `${retry}; if that also fails, ${hint}.`,
  };
}

export function noJournal(path: string): OperatorError {
  return new OperatorError({
    what: `${path} is not written.`,
    why: "Without a database, the cache cannot purge older values.",
    hint: "Pass stores: upstash(), and set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN. On Node, set `redis` to a connection.",
  });
}

/**
 * Checks a value.
 *
 * @throws OperatorError for `undefined`
 */
export function checkDefined(value: unknown, namespace: string): void {
  if (value !== undefined) return;
  throw new OperatorError({
    what: `A value of ${namespace} is not stored.`,
    why: "It is undefined, which `get` returns for a key without a stored value.",
    hint: "Store null if there is no value.",
  });
}

/**
 * Returns the error for a value without a lifetime. Without an error, the older value would still
 * answer.
 */
export function nothingKept(path: string): OperatorError {
  return new OperatorError({
    what: `The value of ${path} is not stored.`,
    why: "It has no lifetime.",
    hint: "Set the option negative to give null a lifetime, or delete the key.",
  });
}
