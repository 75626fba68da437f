// Stores a value that the application passes.
import type { TierName } from "../../config/config.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { discardBody } from "../../cache/record/record.ts";
import type { PurgeView } from "../../purge/view/view.ts";
import {
  begin,
  type BeginPorts,
  type GivenStart,
  type LoadStart,
  recordOf,
  type ValueOptions,
} from "../load/make-record.ts";
import type { DataFlights } from "../load/load-outcome.ts";
import { isHard } from "../load/verdict.ts";
import { type StorePorts, storeValues } from "../load/store-values.ts";
import { type DataDuration, msOf } from "../value/lifetime-text.ts";
import { checkedTag } from "../value/load-context.ts";
import type { DataMetadata } from "../value/data-record.ts";
import type { Place } from "../value/space.ts";

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

/** Options of one value that is set. */
export interface SetOptions extends WriteOptions {
  /**
   * Whether a purge ends the older values of the key in all other isolates and processes. With
   * `false`, these may use their older values until the values expire. Default: `true` if the
   * namespace uses other tiers than Redis, and there is a journal.
   */
  readonly everywhere?: boolean | undefined;
  /**
   * The start of the load that returned the value, from `lookUp`. A purge since then covers the value.
   * Default: the call of `set`.
   */
  readonly start?: GivenStart | undefined;
}

/** The settings of a value, and whether it keeps the tags of the replaced value. */
export interface WrittenOptions extends ValueOptions {
  readonly keepsTags: boolean;
}

/** The dependencies of `withKeptTags` and `isEnded`. */
export interface KeptTagsPorts extends Pick<StorePorts, "tiers" | "nowAtMs"> {
  readonly afterAnswer: BeginPorts["afterAnswer"];
  readonly colo: BeginPorts["colo"];
  /** The purge view without `UnpurgedWrites`, so that values of held keys are also judged. */
  readonly viewOfPurges: Pick<PurgeView, "judge">;
  readonly maxLagMs: number;
}

/** Further dependencies of `setValue`. */
export interface SetPorts extends KeptTagsPorts {
  /** A random number n, 0 ≤ n < 1. */
  readonly random: () => number;
  readonly flights: Pick<DataFlights, "get" | "leave">;
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
 * @param ports.readsAll whether to add the tags of all copies, which costs one command to Redis.
 *   Otherwise, only of the nearest copy
 * @returns `undefined` if the farthest tier did not answer, so the tags are unknown
 */
export async function withKeptTags(
  options: WrittenOptions,
  { key, space }: Place,
  ports: KeptTagsPorts & { readonly readsAll: boolean },
): Promise<ValueOptions | undefined> {
  if (!options.keepsTags || space.derivesTags) return options;
  const { tiers, nowAtMs, afterAnswer, readsAll } = ports;
  const ask = { atMs: nowAtMs(), part: "metadata", afterAnswer } as const;
  const tagsNamed = new Set<string>();
  const { all } = tiers.of(space.tiers);
  for (const tier of all) {
    const read = await tier.read(key, ask);
    // Only the farthest tier must answer, because it has every copy that matters.
    if (read.kind === "unavailable" && tier === all.at(-1)) return undefined;
    if (read.kind !== "found" || read.record.kind !== "response") continue;
    const { stored } = read.record;
    discardBody(stored);
    if (isEnded(stored.metadata, ports)) continue;
    for (const tag of stored.metadata.tags) tagsNamed.add(tag);
    if (!readsAll) break;
  }
  return { ...options, tagsNamed };
}

/** Returns whether a hard purge that this isolate knows covers the value. */
export function isEnded(
  metadata: DataMetadata,
  { viewOfPurges, nowAtMs, maxLagMs, colo }: KeptTagsPorts,
): boolean {
  return isHard(viewOfPurges.judge(metadata, { atMs: nowAtMs(), maxLagMs, colo }));
}

/**
 * Stores a value, and purges nothing.
 *
 * @param given the stamp, clock and colo; taken here by default
 * @returns the tiers that hold the value, after the writes
 * @throws OperatorError for a value that cannot be stored
 */
export async function setValue(
  {
    place,
    value,
    options: written,
  }: { readonly place: Place; readonly value: unknown; readonly options: WrittenOptions },
  ports: BeginPorts & StorePorts & SetPorts,
  given?: LoadStart,
): Promise<readonly TierName[]> {
  checkDefined(value, place.space.name);
  const beginning = given ?? (await begin(place.key.host, ports));
  const respondedAtMs = ports.nowAtMs();
  const jitterDraw = ports.random();
  // During an outage of Redis, memory takes the value without the older tags.
  const options = (await withKeptTags(written, place, { ...ports, readsAll: false })) ?? written;
  const made = await recordOf(value, { place, options, beginning, respondedAtMs, jitterDraw });
  if (!made.isKept) throw nothingKept(place.path);
  const { flights } = ports;
  const { text } = place.key;
  // A flight's value answers calls until it is stored in all tiers. End an earlier load's flight,
  // so that the loaded value does not answer instead of the set value.
  const older = flights.get(text, respondedAtMs);
  if (older !== undefined) flights.leave(text, older);
  // Take a new order: the set value replaces those of all loads that began before.
  const toStore = { place, record: made.record, order: ports.stores.begin() };
  const tiers = await storeValues([toStore], ports);
  ports.stores.wasSet(text, ports.nowAtMs());
  return tiers;
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
