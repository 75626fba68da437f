// Sets a value so that it replaces the older values of all isolates (docs/purge-protocol-data.md, rule 28).
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { begin, recordOf } from "../load/make-record.ts";
import { storeValues, type WriteResult } from "../load/store-values.ts";
import type { Place } from "../value/space.ts";
import {
  checkDefined,
  isEnded,
  nothingKept,
  type SetPorts,
  setValue,
  withKeptTags,
} from "./set-value.ts";
import {
  noJournal,
  purgedOlder,
  recordAt,
  type WritePorts,
  type WrittenValue,
} from "./write-through.ts";

/** Returns whether other tiers than Redis may have older values, which only a purge ends. */
export function isBeyondRedis({ space }: Place): boolean {
  return space.tiers.some((tier) => tierScopes[tier] !== "world");
}

/**
 * Sets a value everywhere: purges the key, and stores the value under the position of that purge
 * (rule 25 f).
 *
 * @returns the tiers that hold the value
 * @throws OperatorError if the value cannot be stored, if there is no database, if the tags of the
 *   replaced value are unknown, and if the journal did not accept the purge. Nothing is stored then
 */
export async function setEverywhere(
  { place, value, options: written }: WrittenValue,
  ports: WritePorts,
): Promise<readonly TierName[]> {
  checkDefined(value, place.space.name);
  if (ports.purging === undefined) throw noJournal(place.path);
  const beginning = await begin(place.key.host, ports);
  const { requestedAtMs: respondedAtMs, stamp: since } = beginning;
  const jitterDraw = ports.random();
  const options = await withKeptTags(written, place, { ...ports, readsAll: true });
  if (options === undefined) throw unknownTags(place.path);
  const made = await recordOf(value, { place, options, beginning, respondedAtMs, jitterDraw });
  if (!made.isKept) throw nothingKept(place.path);
  const accepted = await purgedOlder({ place, reason: "set", since }, ports);
  if (accepted.kind === "unavailable") throw unpurgedSet(place.path);
  const record = recordAt(made.record, accepted, ports.nowAtMs());
  // A later purge that this isolate knows, such as that of another call for the key, ends the value.
  if (isEnded(record.metadata, ports)) return [];
  return storeValues([{ place, record, order: ports.stores.begin() }], ports);
}

/**
 * Sets a value of a namespace that uses Redis alone (rule 28 d). All isolates read the value at once, so
 * the older value needs no purge, unless the journal was not read, or Redis did not store the new value.
 *
 * @returns the tiers that hold the value
 * @throws OperatorError if the value cannot be stored, and if the tags of the replaced value are unknown.
 *   Also if Redis did not store the value, and the journal did not accept the purge of the older one
 */
export async function setInRedis(
  written: WrittenValue,
  ports: WritePorts & SetPorts,
): Promise<readonly TierName[]> {
  const { place } = written;
  const beginning = await begin(place.key.host, ports, { onPrimary: true });
  const isHeld = ports.holdOn(place) !== undefined;
  if (beginning.stamp === "none" || isHeld) return setEverywhere(written, ports);
  const kept = await withKeptTags(written.options, place, { ...ports, readsAll: true });
  if (kept === undefined) throw unknownTags(place.path);
  const value = { ...written, options: { ...kept, keepsTags: false } };
  const results: string[] = [];
  const onWritten = (write: WriteResult) => {
    results.push(write.result);
    ports.onWritten?.(write);
  };
  const tiers = await setValue(value, { ...ports, onWritten }, beginning);
  const isReplaced = results.some((result) => result === "kept" || result === "newer");
  const isOvertaken = results.length === 0 && ports.holdOn(place) === undefined;
  if (isReplaced || isOvertaken || ports.purging === undefined) return tiers;
  const accepted = await purgedOlder({ place, reason: "set", since: "none" }, ports);
  if (accepted.kind === "unavailable") throw unpurgedSet(place.path);
  return tiers;
}

/**
 * Purges the key before a forced load, so that no older value or load answers any more (rule 28 f). If
 * the journal does not accept the purge, the loaded value is not stored.
 */
export async function purgeBeforeLoad(place: Place, ports: WritePorts): Promise<void> {
  if (ports.purging === undefined) return;
  const { stamp: since } = await begin(place.key.host, ports);
  await purgedOlder({ place, reason: "forced load", since }, ports);
}

function unknownTags(path: string): OperatorError {
  return new OperatorError({
    what: `${path} was not set.`,
    why: "The tags of the value that it replaces cannot be read, because a tier did not answer.",
    hint: "Pass `tags`, or try again.",
  });
}

/** Returns the error of a `set` whose purge the journal did not accept. */
export function unpurgedSet(path: string): OperatorError {
  return new OperatorError({
    what: `${path} was not set: the purge of its older values was not accepted.`,
    why: "The journal did not confirm it.",
    hint: "Set it again once the journal is back. Until then, this isolate does not use older values.",
  });
}
