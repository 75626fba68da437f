// Looks a value up for a caller that loads it itself, such as an adapter for another caching library, or that restarts
// its lifetime.
import { asLoaded } from "../cache/record/record.ts";
import { stepAfter } from "./get-or-load.ts";
import { begin, type GivenStart } from "./load/make-record.ts";
import type { CallResult } from "./load/load-outcome.ts";
import { DataLookup, type FoundData } from "./load/data-lookup.ts";
import { storeValues } from "./load/store-values.ts";
import { type DataVerdict, verifiedVerdict } from "./load/verdict.ts";
import type { DataMetadata } from "./value/data-record.ts";
import type { Frozen } from "./value/frozen.ts";
import { checkedTag } from "./value/load-context.ts";
import type { DataPlace } from "./value/space.ts";
import type { WritePorts } from "./write/written-value.ts";

/** The result of a lookup. */
export interface Lookup<T> {
  /** As from `get`: `undefined` if no stored value may answer. */
  readonly value: Frozen<T> | null | undefined;
  /** Whether the value has expired or was purged softly, so it should be loaded again. */
  readonly isStale: boolean;
  /**
   * The start of a load that begins at the call of `lookUp` or later, for the option `start` of `set`. A purge that the
   * isolate does not know at the call covers the load.
   */
  readonly start: GivenStart;
  /**
   * The start of a load that begins after the result. It is stored also in the first second after a purge.
   */
  readonly startAfter: GivenStart;
  /**
   * Judges the found value now, with further tags. `unusable` also if there is no value. Reads no tier. Asks the
   * journal only if this isolate cannot tell whether a purge covers the value.
   */
  readonly judge: (tags: readonly string[]) => Promise<DataVerdict["kind"]>;
}

export interface LookUpOptions {
  /**
   * Tags that the value counts as having in this lookup, in addition to its own. A purge by one of them since
   * the value's load began covers the value.
   */
  readonly tags?: readonly string[] | undefined;
}

/** Looks up, and takes the start of a load of the key at the call (docs/internals/purge-protocol-data.md, rule 28 g). */
export async function lookedUp(
  place: DataPlace,
  ports: WritePorts,
): Promise<
  Pick<Lookup<unknown>, "start" | "startAfter" | "judge"> & {
    readonly given: CallResult | undefined;
    readonly found: FoundData | undefined;
  }
> {
  const { refusedCount } = ports.unpurged;
  const beginning = begin(place.key.host, ports);
  const found = await new DataLookup(place, ports).found();
  const begun = await beginning;
  const { host } = place.key;
  const { afterAnswer, nowAtMs } = ports;
  const step = stepAfter(found, { place, load: undefined, isLookOnly: true }, ports);
  const metadata = found?.candidate.stored.metadata;
  const over = metadata && {
    respondedAtMs: metadata.respondedAtMs,
    bodyDigest: metadata.bodyDigest,
  };
  const start = { ...begun, refusedCount, over };
  const stamp = await ports.view.stamp({ atMs: nowAtMs(), host, afterAnswer });
  const startAfter = { ...start, requestedAtMs: nowAtMs(), stamp };
  const judge = async (further: readonly string[]) => {
    if (metadata === undefined) return "unusable";
    const tags = [...place.tags, ...further.map(checkedTag)];
    return (await verifiedVerdict(metadata, { ...place, tags }, ports)).kind;
  };
  const given = step.kind === "give" ? step.given : undefined;
  return { given, found, start, startAfter, judge };
}

/**
 * Looks a value up, and stores it again in the background, as a loaded value with its own stamp. So neither
 * a purge nor a newer value is undone (docs/internals/purge-protocol-data.md, rule 28 h). Leaves `null` and stale
 * values as they are.
 *
 * @returns the result as from `get`
 */
export async function touched(
  place: DataPlace,
  ports: WritePorts,
): Promise<CallResult | undefined> {
  const { given, found, start } = await lookedUp(place, ports);
  if (found?.verdict.kind !== "fresh" || found.candidate.stored.metadata.isNegative) return given;
  const { body, metadata: before } = found.candidate.stored;
  const metadata: DataMetadata = { ...asLoaded(before), respondedAtMs: ports.nowAtMs() };
  ports.afterAnswer(async () => {
    const record = { metadata, body };
    await storeValues([{ place, record, order: start.order, loaded: start }], ports);
  });
  return given;
}

/** Takes the start of loads without a lookup of their own. */
export async function started(ports: WritePorts): Promise<GivenStart> {
  const { refusedCount } = ports.unpurged;
  return { ...(await begin(ports.host, ports)), refusedCount, over: undefined };
}
