// Restarts the lifetime of a stored value, such as a session that is in use.
import { comparePositions } from "../purge/journal/entry.ts";
import { bodyRequestedAtMs, type Stamp } from "../cache/record/record.ts";
import type { CallResult } from "./load/load-outcome.ts";
import { storeValues } from "./load/store-values.ts";
import { judge } from "./load/verdict.ts";
import { lookedUp } from "./look-up.ts";
import type { DataMetadata } from "./value/data-record.ts";
import type { Place } from "./value/space.ts";
import type { WritePorts } from "./write/written-value.ts";

/**
 * Looks a value up, and stores it again in the background, as if a load that began before the lookup had
 * confirmed it. So neither a purge nor a newer value is undone (docs/purge-protocol-data.md, rules 28 c
 * and g). Leaves `null` and stale values as they are.
 *
 * @returns the result as from `get`
 */
export async function touched(place: Place, ports: WritePorts): Promise<CallResult | undefined> {
  const { given, found, start } = await lookedUp(place, {}, ports);
  if (found?.verdict.kind !== "fresh" || found.candidate.stored.metadata.isNegative) return given;
  const { stored } = found.candidate;
  const before = stored.metadata;
  const isFresh = (metadata: DataMetadata) =>
    judge(metadata, { space: place.space, atMs: ports.nowAtMs(), ports }).kind === "fresh";
  // The stamp of the start may name a purge that the isolate has read since it judged the value.
  if (!isFresh(before)) return given;
  // Without a recent body time, only a known stamp makes a value fresh (rule 7). A later stamp in place of an
  // unknown one would undo purges that the isolate has not read.
  const isKnown = isFresh({ ...before, bodyRequestedAtMs: 0 });
  const metadata: DataMetadata = {
    ...before,
    stamp: isKnown ? laterOf(before.stamp, start.stamp) : before.stamp,
    requestedAtMs: start.requestedAtMs,
    respondedAtMs: ports.nowAtMs(),
    bodyRequestedAtMs: bodyRequestedAtMs(before),
  };
  const record = { metadata, body: stored.body };
  ports.afterAnswer(async () => {
    await storeValues([{ place, record, order: start.order, loaded: start }], ports);
  });
  return given;
}

/** Returns the later stamp, because a purge before the value's own stamp does not cover the value. */
function laterOf(own: Stamp, start: Stamp): Stamp {
  if (own === "none" || start === "none") return own;
  return comparePositions(own.position, start.position) < 0 ? start : own;
}
