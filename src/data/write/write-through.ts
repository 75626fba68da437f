// Writes a value to the application's database, and then to the tiers (docs/purge-protocol-data.md, rule 25).
import type { TierName } from "../../config/config.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { OutOfTime, within } from "../../base/timeouts.ts";
import type { Stamp } from "../../cache/record/record.ts";
import type { AcceptedWrite, Acceptances } from "../../purge/acceptance/acceptance.ts";
import type { Unavailable } from "../../purge/journal/journal.ts";
import { coveredBy } from "../../purge/view/target-index.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { begin, type BeginPorts, recordOf } from "../load/make-record.ts";
import { type StorePorts, storeValues } from "../load/store-values.ts";
import { type DataRecord, decodeAs } from "../value/data-record.ts";
import { targetsOf } from "../value/key.ts";
import { LoadFailed } from "../value/load-context.ts";
import type { Place } from "../value/space.ts";
import {
  checkDefined,
  type KeptTagsPorts,
  withKeptTags,
  type WrittenOptions,
} from "./set-value.ts";
import type { UnpurgedWrites } from "./unpurged-writes.ts";

/** The dependencies of writing through. */
export interface WritePorts extends BeginPorts, StorePorts, KeptTagsPorts {
  /**
   * `undefined` without a database, so that writing through fails. A cache of a single process
   * needs no database.
   */
  readonly purging: { readonly acceptances: Pick<Acceptances, "acceptAfter"> } | undefined;
  readonly unpurged: UnpurgedWrites;
  readonly metrics: Pick<Metrics, "add">;
  /** A random number n, 0 ≤ n < 1. */
  readonly random: () => number;
  readonly randomText: () => string;
}

/** Writes to the application's database. `signal` is aborted on timeout. */
export type Persist = (signal: AbortSignal) => unknown;

/** A value and its key. */
export interface WrittenValue {
  readonly place: Place;
  readonly value: unknown;
  readonly options: WrittenOptions;
}

/** A write took longer than `hardTimeoutMs`. The database may still have applied it. */
export class WriteTimedOut extends LoadFailed {
  override readonly name = "WriteTimedOut";
}

/**
 * Writes through, in the order of rule 25. Takes the stamp before the write to the database. Stores
 * the value with the place of the write's own purge as stamp. Stores nothing if another write or purge
 * may have changed the key between the first stamp and this purge.
 *
 * @returns the tiers that hold the value; none if another writer may have changed it meanwhile
 * @throws OperatorError before anything is written, if the value cannot be stored or there is no
 *   database. Also if the value was written, but the journal did not accept the purge. Otherwise
 *   the error of `persist`
 */
export async function writeThrough(
  { place, value, options: written }: WrittenValue,
  persist: Persist,
  ports: WritePorts,
): Promise<readonly TierName[]> {
  const { purging, unpurged, counts, stores, nowAtMs } = ports;
  checkDefined(value, place.space.name);
  if (purging === undefined) throw noJournal(place.path);
  const { refusedCount } = unpurged;
  const beginning = await begin(place.key.host, ports);
  const { requestedAtMs: respondedAtMs } = beginning;
  const jitterDraw = ports.random();
  // Reject a value that cannot be stored before anything is written.
  const kept = await withKeptTags(written, place, { ...ports, readsAll: true });
  const options = kept ?? written;
  const made = await recordOf(value, { place, options, beginning, respondedAtMs, jitterDraw });
  counts.counted(place.space.name, "persists");
  const failed = await failureOf(persist, place);
  const counted = failed === undefined ? "workedPersists" : "failedPersists";
  counts.counted(place.space.name, counted);
  const accepted = await purgedOlder({ place, reason: "written", since: beginning.stamp }, ports);
  if (failed !== undefined) throw failed.cause;
  if (accepted.kind === "unavailable") throw unpurgedWrite(place.path);
  // Another write of this isolate may be newer. The journal may have appended the purge of that
  // write although this isolate received no confirmation (rule 25 d).
  if (kept === undefined || !made.isKept || unpurged.refusedCount !== refusedCount) return [];
  const record = recordAt(made.record, accepted, nowAtMs());
  if (!isAlone(accepted, record, beginning.stamp)) return [];
  // Take a new order: any load that started before the purge is older.
  return storeValues([{ place, record, order: stores.begin() }], ports);
}

/**
 * Purges the older values of a key. If the journal does not accept the purge, holds the key in this
 * isolate (rule 25 e).
 */
export async function purgedOlder(
  {
    place,
    reason,
    since,
  }: { readonly place: Place; readonly reason: string; readonly since: Stamp },
  { purging, unpurged, metrics, counts, randomText, nowAtMs, afterAnswer }: WritePorts,
): Promise<AcceptedWrite | Unavailable> {
  const targets = targetsOf({ paths: [place.path] });
  const order = { bodyDigest: "", by: "data", mode: "hard", id: randomText(), reason } as const;
  const attention = { atMs: nowAtMs(), host: place.key.host, afterAnswer };
  const hold = unpurged.holdOn(place);
  const accepted =
    (await purging?.acceptances.acceptAfter({ ...order, targets }, since, attention)) ??
    ({ kind: "unavailable" } as const);
  if (accepted.kind === "unavailable") {
    metrics.add("purgeRefusals", ["unavailable"]);
    counts.counted(place.space.name, "unpurgedWrites");
    unpurged.add(place);
  } else {
    metrics.add("purges");
    unpurged.release(place, hold);
  }
  return accepted;
}

/**
 * Runs the write. Returns its error; `undefined` if it succeeded. The database may still apply a
 * failed write.
 */
async function failureOf(
  persist: Persist,
  { space }: Place,
): Promise<{ readonly cause: unknown } | undefined> {
  const controller = new AbortController();
  try {
    const run = async () => persist(controller.signal);
    await within(run(), space.hardTimeoutMs);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof OutOfTime)) return { cause };
    const { name, hardTimeoutMs } = space;
    const late = new WriteTimedOut(`A write of ${name} has taken more than ${hardTimeoutMs} ms.`);
    controller.abort(late);
    return { cause: late };
  }
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
  const metadata = { ...made.metadata, stamp: { position, n }, respondedAtMs };
  decodeAs(metadata, made.metadata);
  return { ...made, metadata };
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
  return since.every(({ id, targets }) => id === placed.id || !coveredBy(targets)(metadata));
}

export function noJournal(path: string): OperatorError {
  return new OperatorError({
    what: `${path} is not written.`,
    why: "Without a database, the cache cannot purge older values.",
    hint: "Pass stores: upstash(), and set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.",
  });
}

function unpurgedWrite(path: string): OperatorError {
  return new OperatorError({
    what: `${path} was written, but its purge was not accepted: other isolates may show the older value.`,
    why: "The journal did not confirm it.",
    hint: "The cache retries in the background. Once the journal is back, you can also purge or write again.",
  });
}
