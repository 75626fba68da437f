// Sets a value that the application has produced, or has loaded itself. Replaces the older values of all isolates,
// unless the caller asks for less (docs/internals/purge-protocol-data.md, rule 28).
import { withTags } from "../../cache/record/record.ts";
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import { OperatorError } from "../../base/operator-error.ts";
import type { AcceptedWrite } from "../../purge/acceptance/acceptance.ts";
import { isSameEntry } from "../../purge/journal/entry.ts";
import type { OlderTags, Unavailable } from "../../purge/journal/journal.ts";
import {
  begin,
  type GivenStart,
  type LoadStart,
  type NewRecord,
  recordOf,
} from "../load/make-record.ts";
import type { WriteResult } from "../load/data-ports.ts";
import { storeValues, writeOf } from "../load/store-values.ts";
import type { DataRecord } from "../value/data-record.ts";
import { checkedTag } from "../value/load-context.ts";
import type { DataPlace } from "../value/space.ts";
import {
  checkDefined,
  isAlone,
  isEnded,
  noJournal,
  nothingKept,
  purgedOlder,
  refusalReason,
  recordAt,
  withKeptTags,
  type WriteOptions,
  type WritePorts,
  type WrittenOptions,
  type WrittenValue,
} from "./written-value.ts";

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
  /**
   * Tags of older values of other keys, which the purge of `everywhere` also ends. The value itself may have these tags.
   * Only with `start`. Default: none.
   */
  readonly endsTags?: readonly string[] | undefined;
}

/**
 * Sets a value in one of four ways: as a load whose start the caller passes, in this isolate and Redis alone, in Redis
 * for a namespace that uses no other tier, or everywhere by a purge.
 *
 * @returns the tiers that hold the value
 * @throws OperatorError for a value that cannot be stored, also because it is too large for every tier. Also if the
 *   older values need a purge, and it is not accepted
 */
export async function setValue(
  written: WrittenValue,
  options: SetOptions,
  ports: WritePorts,
): Promise<readonly TierName[]> {
  const { place, value } = written;
  const { start, everywhere = ports.purging !== undefined, endsTags = [] } = options;
  checkDefined(value, place.space.name);
  const refusals: OperatorError[] = [];
  const telling = { ...ports, onTooLarge: (error: OperatorError) => refusals.push(error) };
  const inAll = isBeyondRedis(place) ? setEverywhere : setInRedis;
  const tiers =
    start === undefined
      ? await (everywhere ? inAll : setHere)(written, telling)
      : await setLoaded(
          written,
          { start, everywhere, endsTags: endsTags.map(checkedTag) },
          telling,
        );
  for (const refusal of refusals) throw refusal;
  return tiers;
}

/**
 * Stores a value as if `getOrSet` had loaded it: a purge since the start of the load covers it (rule 28 g).
 * With `everywhere`, purges the older values of the key first, and stores nothing if another purge or write
 * may have changed the key since the start.
 */
async function setLoaded(
  written: WrittenValue,
  {
    start,
    everywhere,
    endsTags,
  }: Required<Pick<SetOptions, "everywhere" | "endsTags">> & {
    readonly start: GivenStart;
  },
  ports: WritePorts,
): Promise<readonly TierName[]> {
  const { place } = written;
  const record = await keptRecord(written, { beginning: start, atMs: ports.nowAtMs() }, ports);
  if (!everywhere || ports.purging === undefined) {
    return storeValues([{ place, record, order: start.order, loaded: start }], ports);
  }
  const purge = { place, reason: "set", since: start.stamp, tags: endsTags };
  const accepted = orRefused(await purgedOlder(purge, ports), place);
  if (ports.unpurged.refusedCount !== start.refusedCount) return [];
  const placed = recordAt(record, accepted, ports.nowAtMs());
  if (!isAlone(accepted, placed, start.stamp)) return [];
  return storeValues([{ place, record: placed, order: ports.stores.begin() }], ports);
}

/**
 * Purges the key, and stores the value under the position of that purge (rule 25 f). In the Redis of the journal,
 * one script does both, unless the value lacks tags of the record there.
 *
 * @param readsTags whether to read these tags first
 */
async function setEverywhere(
  written: WrittenValue,
  ports: WritePorts,
  readsTags = ports.stores.tagged.has(written.place.space.name),
): Promise<readonly TierName[]> {
  const { place } = written;
  if (ports.purging === undefined) throw noJournal(place.path);
  const beginning = await begin(place.key.host, ports);
  const tier = ports.tiers.of(place.space.tiers).ofWorld;
  const isUnread = written.options.keepsTags && !place.space.derivesTags && !readsTags;
  // Without a view, the purge is appended without the record, so no script compares the tags.
  const keepsTags = isUnread && tier?.prepared !== undefined && beginning.stamp !== "none";
  const options = await optionsWithTags(written, ports, keepsTags ? "above" : "all");
  const taken = { beginning, atMs: beginning.requestedAtMs };
  let made = await keptRecord({ ...written, options }, taken, ports);
  const [key, stored, keep] = writeOf({ place, record: made }, { atMs: ports.nowAtMs() });
  const prepared = await tier?.prepared?.(key, stored, { ...keep, keepsTags });
  if (keepsTags && prepared === undefined) {
    const { tagsNamed } = await optionsWithTags(written, ports, "all");
    made = { ...made, metadata: withTags(made.metadata, [...tagsNamed]) };
  }
  const order = { place, reason: "set", since: "end", write: prepared?.write } as const;
  const purged = await purgedOlder(order, ports);
  const inWorld = await prepared?.ended(purged.kind === "accepted" ? purged.stored : undefined);
  if (purged.kind === "older-tags") {
    ports.stores.tagged.add(place.space.name);
    return setEverywhere(written, ports, true);
  }
  const accepted = orRefused(purged, place);
  const record = recordAt(made, accepted, made.metadata.respondedAtMs);
  // A later purge that this isolate knows, such as that of another call for the key, ends the value.
  if (isEnded(record.metadata, ports)) return [];
  return storeValues([{ place, record, order: ports.stores.begin(), inWorld }], ports);
}

/**
 * Sets a value of a namespace that uses Redis alone (rule 28 d). All isolates read the value at once, so
 * the older value needs no purge, unless the journal was not read, or Redis did not store the new value.
 *
 * @param isAtEnd whether the write checks that the view has the journal's last entry, instead of a read
 */
async function setInRedis(
  written: WrittenValue,
  ports: WritePorts,
  isAtEnd = ports.tiers.ofWorld?.isBesideJournal === true && !ports.stores.hasNews,
): Promise<readonly TierName[]> {
  const { place } = written;
  const known = await begin(place.key.host, ports);
  const beginning = isAtEnd ? known : await begin(place.key.host, ports, { onPrimary: true });
  const end = known.stamp === "none" ? undefined : known.stamp;
  ports.stores.hasNews = !isSameEntry(end, beginning.stamp);
  const isHeld = ports.holdOn(place) !== undefined;
  if (beginning.stamp === "none" || isHeld) return setEverywhere(written, ports);
  const options = await optionsWithTags(written, ports, "all");
  const results: string[] = [];
  const onWritten = (write: WriteResult) => {
    results.push(write.result);
    ports.onWritten?.(write);
  };
  const taken = { beginning, atMs: ports.nowAtMs(), isAtEnd };
  const tiers = await storeSet({ ...written, options }, taken, { ...ports, onWritten });
  if (results.includes("not-at-end")) return setInRedis(written, ports, false);
  const isReplaced = results.some((result) => result === "kept" || result === "newer");
  const isOvertaken = results.length === 0 && ports.holdOn(place) === undefined;
  if (isReplaced || isOvertaken || ports.purging === undefined) return tiers;
  orRefused(await purgedOlder({ place, reason: "set", since: "none" }, ports), place);
  return tiers;
}

/** Stores a value, and purges nothing. */
async function setHere(written: WrittenValue, ports: WritePorts): Promise<readonly TierName[]> {
  const { place, options } = written;
  const beginning = await begin(place.key.host, ports);
  const taken = { beginning, atMs: ports.nowAtMs() };
  // During an outage of Redis, memory takes the value without the older tags.
  const kept = (await withKeptTags(options, place, ports, { from: "nearest" })) ?? options;
  return storeSet({ ...written, options: kept }, taken, ports);
}

/** The start of a `set`, and the time from which the value's lifetime counts. */
interface TakenStart {
  readonly beginning: LoadStart;
  readonly atMs: number;
  /** As in `TierKeep`. */
  readonly isAtEnd?: boolean;
}

/** Stores a value in place of those of all loads that began before. */
async function storeSet(
  written: WrittenValue,
  taken: TakenStart,
  ports: WritePorts,
): Promise<readonly TierName[]> {
  const { place } = written;
  const record = await keptRecord(written, taken, ports);
  const { flights, stores, nowAtMs } = ports;
  const { text } = place.key;
  // A flight's value answers calls until it is stored in all tiers. End an earlier load's flight,
  // so that the loaded value does not answer instead of the set value.
  const older = flights.get(text, taken.atMs);
  if (older !== undefined) flights.leave(text, older);
  const { isAtEnd } = taken;
  const tiers = await storeValues([{ place, record, order: stores.begin(), isAtEnd }], ports);
  stores.wasSet(text, nowAtMs());
  return tiers;
}

/** @throws OperatorError if the value cannot be stored, or has no lifetime */
function keptRecord(
  { place, value, options }: WrittenValue,
  { beginning, atMs: respondedAtMs }: TakenStart,
  ports: WritePorts,
): DataRecord | Promise<DataRecord> {
  const jitterDraw = ports.random();
  const making = { place, options, beginning, respondedAtMs, jitterDraw };
  const kept = ({ record, isKept }: NewRecord) => {
    if (!isKept) throw nothingKept(place.path);
    return record;
  };
  const made = recordOf(value, making);
  return made instanceof Promise ? made.then(kept) : kept(made);
}

/** @throws OperatorError if the tags of the replaced value are unknown */
async function optionsWithTags(
  { place, options }: WrittenValue,
  ports: WritePorts,
  from: "all" | "above",
): Promise<WrittenOptions> {
  const kept = await withKeptTags(options, place, ports, { from });
  if (from === "all" && kept?.tagsNamed.size === 0) ports.stores.tagged.delete(place.space.name);
  if (kept !== undefined) return kept;
  throw new OperatorError({
    what: `${place.path} was not set.`,
    why: "The tags of the value that it replaces cannot be read, because a tier did not answer.",
    hint: "Pass `tags`, or try again.",
  });
}

/** @throws OperatorError if the journal did not accept the purge */
function orRefused(
  accepted: AcceptedWrite | OlderTags | Unavailable,
  place: DataPlace,
): AcceptedWrite {
  if (accepted.kind === "accepted") return accepted;
  const { why, hint } = refusalReason(accepted, "Set it again");
  throw new OperatorError({
    what: `${place.path} was not set: the purge of its older values was not accepted.`,
    why,
    hint: `${hint} Until then, this isolate does not use older values.`,
  });
}

/** Returns whether other tiers than Redis may have older values, which only a purge ends. */
export function isBeyondRedis({ space }: DataPlace): boolean {
  return space.tiers.some((tier) => tierScopes[tier] !== "world");
}

/**
 * Purges the key before a forced load, so that no older value or load answers any more (rule 28 f). If
 * the journal does not accept the purge, the loaded value is not stored.
 */
export async function purgeBeforeLoad(place: DataPlace, ports: WritePorts): Promise<void> {
  if (ports.purging === undefined) return;
  const { stamp: since } = await begin(place.key.host, ports);
  await purgedOlder({ place, reason: "forced load", since }, ports);
}
