// Judges the reads after a purge.
import { type Bounds, type Fault, isSameEntry, overlaps, type Purge, type Read } from "./events.ts";

/**
 * Returns the reads after a purge that show too old a version. A purge that was not accepted demands nothing.
 *
 * A hard purge demands that each read sent later than `withinMs` after its success shows at least
 * the version of the call. A soft purge permits one stale answer for each cache of each process, and
 * more of them during `refreshMs` after that answer. A fault postpones the demand to the next
 * answer, because the refresh may have failed.
 */
export function tooOld<R extends Read>(
  purge: Purge,
  reads: readonly R[],
  faults: readonly Fault[],
  { withinMs, refreshMs }: Bounds,
): R[] {
  if (!purge.isAccepted) return [];
  const later = reads.filter(
    ({ cache, sentAtMs }) =>
      (purge.path ?? cache) === cache && sentAtMs > purge.answeredAtMs + withinMs,
  );
  return later.filter(
    (read) =>
      read.version < purge.version && !(purge.isSoft && mayBeStale(read, later, faults, refreshMs)),
  );
}

/** Whether a read after a soft purge may be stale, because no earlier answer caused a refresh. */
function mayBeStale(
  read: Read,
  later: readonly Read[],
  faults: readonly Fault[],
  refreshMs: number,
): boolean {
  return !later.some(
    (earlier) =>
      isSameEntry(earlier, read) &&
      earlier.answeredAtMs + refreshMs < read.sentAtMs &&
      !overlaps(faults, earlier.sentAtMs, read.sentAtMs),
  );
}
