// Writes a value to the application's database, and then to the tiers (docs/purge-protocol.md, rule 25).
import type { TierName } from "../../config/config.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { OutOfTime, within } from "../../base/patience.ts";
import type { Stamp } from "../../cache/record/record.ts";
import type { AcceptedAfter, SignedOrder } from "../../purge/acceptance/acceptance.ts";
import type { Purging } from "../../purge/purging.ts";
import { coveredBy } from "../../purge/view/target-index.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { begin, type BeginPorts } from "../load/beginning.ts";
import { recordOf, type Said } from "../load/make-record.ts";
import { type StorePorts, storeValues } from "../load/store-values.ts";
import { type DataRecord, decodeAs } from "../value/data-record.ts";
import { targetsOf } from "../value/key.ts";
import { LoadFailed } from "../value/load-context.ts";
import type { Place } from "../value/place.ts";
import type { UnpurgedWrites } from "./unpurged-writes.ts";

/** What is written with. */
export interface WritePorts extends BeginPorts, StorePorts {
  /** `undefined` without a database: then nothing can be written through. */
  readonly purging: Pick<Purging, "acceptances"> | undefined;
  readonly unpurged: UnpurgedWrites;
  readonly metrics: Pick<Metrics, "add">;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
  readonly randomText: () => string;
}

/** Writes to the application's database; `signal` is aborted once that takes too long. */
export type Persist = (signal: AbortSignal) => unknown;

/** A value, and where it belongs. */
export interface Written {
  readonly place: Place;
  readonly value: unknown;
  readonly said: Said;
}

/** Persisting has taken longer than `hardTimeoutMs`: nobody knows whether it has worked. */
export class WriteTimedOut extends LoadFailed {
  override readonly name = "WriteTimedOut";
}

/**
 * The steps in their order. The stamp is taken before the database is written, and what is stored bears
 * the place of the write's own purge, if nothing else has touched the key between the two.
 *
 * @returns the tiers that keep the value; none where somebody may have written it meanwhile
 * @throws OperatorError where the value cannot be stored, and nothing was written; and where the journal
 *   did not take the purge, and the value was written. Else what `persist` throws
 */
export async function writeThrough(
  { place, value, said }: Written,
  persist: Persist,
  ports: WritePorts,
): Promise<readonly TierName[]> {
  const { purging, counts, stores, unpurged, metrics, nowAtMs, afterAnswer } = ports;
  if (purging === undefined) throw noJournal(place.path);
  const { host } = place.key;
  const beginning = await begin(host, ports);
  const { requestedAtMs: respondedAtMs } = beginning;
  const jitterDraw = ports.random();
  // What cannot be stored is refused before anything is written.
  const made = await recordOf(value, { place, said, beginning, respondedAtMs, jitterDraw });
  counts.counted(place.space.name, "persists");
  const failed = await failureOf(persist, place);
  const came = failed === undefined ? "workedPersists" : "failedPersists";
  counts.counted(place.space.name, came);
  const order: SignedOrder = { ...unsaid, id: ports.randomText(), targets: targetsIn(place) };
  const attention = { atMs: nowAtMs(), host, afterAnswer };
  const accepted = await purging.acceptances.acceptAfter(order, beginning.stamp, attention);
  if (accepted.kind === "unavailable") {
    metrics.add("purgeRefusals", ["unavailable"]);
    counts.counted(place.space.name, "unpurgedWrites");
    unpurged.add(place);
  } else metrics.add("purges");
  if (failed !== undefined) throw failed.cause;
  if (accepted.kind === "unavailable") throw unpurgedWrite(place.path);
  const record = recordAt(made.record, accepted, nowAtMs());
  if (!made.isKept || !isAlone(accepted, record, beginning.stamp)) return [];
  // Of this instant: whatever a load began before it is older than the purge.
  return storeValues([{ place, record, order: stores.begin() }], ports);
}

const unsaid = { bodyDigest: "", by: "data", reason: "written", mode: "hard" } as const;

function targetsIn({ path }: Place) {
  return targetsOf({ paths: [path] });
}

/** @returns `undefined` if it was written; a write that has failed may have been made all the same */
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
    const late = new WriteTimedOut(`A write of ${name} has taken over ${hardTimeoutMs} ms.`);
    controller.abort(late);
    return { cause: late };
  }
}

/** The same, under the place of its own purge, and of now; when and where it was begun stays. */
function recordAt(made: DataRecord, { placed }: AcceptedAfter, respondedAtMs: number): DataRecord {
  const { position, n } = placed;
  const metadata = { ...made.metadata, stamp: { position, n }, respondedAtMs };
  decodeAs(metadata, made.metadata);
  return { ...made, metadata };
}

/**
 * Did nothing but this write touch the key from its stamp to its purge? One chain has to hold both, and
 * what covers the key between them has to be of this very write.
 */
export function isAlone(
  { placed, since }: AcceptedAfter,
  { metadata }: DataRecord,
  stamp: Stamp,
): boolean {
  if (stamp === "none" || since === undefined) return false;
  return since.every(({ id, targets }) => id === placed.id || !coveredBy(targets)(metadata));
}

function noJournal(path: string): OperatorError {
  return new OperatorError({
    what: `${path} is not written.`,
    why: "Older values could not be purged, since the cache has no database.",
    mend: "Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.",
  });
}

function unpurgedWrite(path: string): OperatorError {
  return new OperatorError({
    what: `${path} is written, and its purge was not accepted: other isolates may show the older value.`,
    why: "The journal did not confirm it.",
    mend: "The cache tries again behind this answer. Once the journal is back, you can also purge or write again.",
  });
}
