// Writes a value to the application's database, and then to the tiers (docs/internals/purge-protocol-data.md, rule 25).
import type { TierName } from "../../config/config.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { OutOfTime, within } from "../../base/timeouts.ts";
import { begin, recordOf } from "../load/make-record.ts";
import { storeValues } from "../load/store-values.ts";
import { LoadFailed } from "../value/load-context.ts";
import type { DataPlace } from "../value/space.ts";
import {
  checkDefined,
  isAlone,
  noJournal,
  purgedOlder,
  type JournalRefusal,
  refusalReason,
  recordAt,
  withKeptTags,
  type WritePorts,
  type WrittenValue,
} from "./written-value.ts";

/** Writes to the application's database. `signal` is aborted on timeout. */
export type Persist = (signal: AbortSignal) => unknown;

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
  const kept = await withKeptTags(written, place, ports, { from: "all" });
  const options = kept ?? written;
  const made = await recordOf(value, { place, options, beginning, respondedAtMs, jitterDraw });
  counts.counted(place.space.name, "persists");
  const failed = await failureOf(persist, place);
  const counted = failed === undefined ? "workedPersists" : "failedPersists";
  counts.counted(place.space.name, counted);
  const accepted = await purgedOlder({ place, reason: "written", since: beginning.stamp }, ports);
  if (failed !== undefined) throw failed.cause;
  if (accepted.kind !== "accepted") throw unpurgedWrite(place.path, accepted);
  // Another write of this isolate may be newer. The journal may have appended the purge of that
  // write although this isolate received no confirmation (rule 25 d).
  if (kept === undefined || !made.isKept || unpurged.refusedCount !== refusedCount) return [];
  const record = recordAt(made.record, accepted, nowAtMs());
  if (!isAlone(accepted, record, beginning.stamp)) return [];
  // Take a new order: any load that started before the purge is older.
  return storeValues([{ place, record, order: stores.begin() }], ports);
}

/**
 * Runs the write. Returns its error; `undefined` if it succeeded. The database may still apply a
 * failed write.
 */
async function failureOf(
  persist: Persist,
  { space }: DataPlace,
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

function unpurgedWrite(path: string, refusal: JournalRefusal): OperatorError {
  const { why, hint } = refusalReason(refusal, "You can also purge or write again");
  return new OperatorError({
    what: `${path} was written, but its purge was not accepted: other isolates may show the older value.`,
    why,
    hint: `The cache retries in the background. ${hint}`,
  });
}
