// The part of a history that shows a violation, as lines of text.
import type { Fault, HistoryEvent, Purge, Read } from "./events.ts";

/** How long before the load the shown events begin. */
const leadMs = 500;

interface Shown<P extends Purge> {
  readonly purge: P;
  /** The read that shows too old a version. */
  readonly read: Read;
}

const originMsOf = ({ purge, read }: Shown<Purge>): number =>
  Math.min(read.loadedAtMs[0], purge.sentAtMs);

/** Returns the events from the load of the too old value until its read, in order. */
function between<R extends Read, P extends Purge>(
  events: readonly HistoryEvent<R, P>[],
  shown: Shown<P>,
): HistoryEvent<R, P>[] {
  const from = originMsOf(shown) - leadMs;
  return events
    .filter(({ sentAtMs, answeredAtMs }) => answeredAtMs >= from && sentAtMs <= shown.read.sentAtMs)
    .toSorted((a, b) => a.sentAtMs - b.sentAtMs);
}

/**
 * Returns a line for each event between the load of the too old value and its read, and for each
 * fault meanwhile. The times are seconds since the load, or since the purge if that is earlier.
 */
export function excerptOf<P extends Purge>(
  events: readonly HistoryEvent<Read, P>[],
  shown: Shown<P>,
  { faults, nameOf }: { faults: readonly Fault[]; nameOf: (purge: P) => string },
): string[] {
  const from = originMsOf(shown);
  const lines = between(events, shown).map((event) => {
    const mark = event === shown.read || event === shown.purge ? "*" : " ";
    return `${mark} ${said(event, from, nameOf)}`;
  });
  for (const [fromMs, toMs] of faults) {
    if (toMs < from - leadMs || fromMs > shown.read.answeredAtMs) continue;
    lines.push(`  ${secondsFrom(from, fromMs, toMs)}: a fault, and the recovery from it`);
  }
  return lines;
}

const secondsFrom = (originMs: number, fromMs: number, toMs: number): string =>
  `${[fromMs, toMs].map((atMs) => ((atMs - originMs) / 1_000).toFixed(2)).join("–")} s`;

function said<P extends Purge>(
  event: HistoryEvent<Read, P>,
  fromMs: number,
  nameOf: (purge: P) => string,
): string {
  const times = secondsFrom(fromMs, event.sentAtMs, event.answeredAtMs);
  if (event.kind === "failure") return `${times}: a request fails with status ${event.status}`;
  if (event.kind === "read") {
    const loaded = secondsFrom(fromMs, ...event.loadedAtMs);
    const place = `${event.cache} at process ${event.process}`;
    return `${times}: ${place} shows version ${event.version}, loaded ${loaded}`;
  }
  const during = event.isDuringLoad ? ", during a load" : "";
  const outcome = event.isAccepted ? "succeeds" : "fails";
  return `${times}: ${nameOf(event)} ${outcome}; the origin has version ${event.version}${during}`;
}
