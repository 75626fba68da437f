// Findings on the purge journal: can it be read, how late are purges seen, has it lost entries.
import { isWithinMs } from "../../elapsed.ts";
import { acceptedAtMs } from "../../purge/journal/entry.ts";
import { remedyOf, whyOf } from "../../redis/trouble.ts";
import { type Finding, isoOf, spanOf } from "./finding.ts";
import type { Looked } from "./looked.ts";

/** A failure that is older says nothing of now: the journal was not asked since. */
const failedMs = 60_000;

/** Once the view is older than N − A, most routes answer nothing that is stored. */
export function journalUnreadable(looked: Looked): Finding[] {
  const { view, atMs, maxLagMs, allowanceMs, clients } = looked;
  const failedAtMs = view?.failedAtMs;
  if (view === undefined || failedAtMs === undefined) return [];
  if (!isWithinMs(Math.max(failedMs, maxLagMs), failedAtMs, atMs)) return [];
  const isPast = atMs - view.sentAtMs > maxLagMs - allowanceMs;
  const trouble = clients.find(({ name }) => name === "purge journal")?.trouble;
  const isTold = trouble !== undefined && !trouble.isOver;
  return [
    {
      code: "journal-unreadable",
      level: isPast ? "critical" : "warning",
      what: isPast
        ? "Nobody can tell what was purged: stored responses are asked for anew at the origin."
        : "The purge journal was not read at the last try. Stored responses still answer.",
      since: isoOf(view.sentAtMs),
      cause: isTold ? `${whyOf(trouble.kind)}.` : "The journal did not answer.",
      remedy: isTold ? remedyOf(trouble.kind) : "It is tried again by itself.",
    },
  ];
}

/** What was read, or told, longer ago says nothing of now. */
const lagMs = 10 * 60_000;

/** Purges are promised to be seen within N: over half of it is late, over all of it too late. */
export function journalLag({ view, totals, atMs, maxLagMs }: Looked): Finding[] {
  const here = lagHere(view, atMs);
  const elsewhere = [...(totals?.colos ?? [])]
    .filter(([, state]) => isWithinMs(lagMs, state.atMs, atMs))
    .map(([colo, state]) => ({
      where: `colo ${colo}`,
      readAtMs: state.atMs,
      ms: state.lagMs ?? 0,
    }));
  const late = [...here, ...elsewhere]
    .filter(({ ms }) => ms > maxLagMs / 2)
    .toSorted((a, b) => b.ms - a.ms);
  const [worst] = late;
  if (worst === undefined) return [];
  const others = late.length > 1 ? ` Later than half of N in ${late.length} places.` : "";
  return [
    {
      code: "journal-lag",
      level: worst.ms > maxLagMs ? "critical" : "warning",
      what: `The last purge was seen ${spanOf(worst.ms)} after it was accepted in ${worst.where}; N is ${spanOf(maxLagMs)}.${others}`,
      since: isoOf(Math.min(...late.map(({ readAtMs }) => readAtMs))),
      cause:
        "A replica of the database lags, or it answers slowly; or requests come so seldom that the journal is read seldom.",
      remedy:
        "If it lasts: look at the region and the load of the database, or raise purge.maxLagSeconds.",
    },
  ];
}

function lagHere(view: Looked["view"], atMs: number) {
  if (view?.lag === undefined || !isWithinMs(lagMs, view.lag.readAtMs, atMs)) return [];
  const { lastMs: ms, readAtMs } = view.lag;
  return [{ where: "this isolate", readAtMs, ms }];
}

/** For so long after a loss, misses that nobody expects have this reason. */
const lossMs = 60 * 60_000;

export function journalLostEntries({ view, atMs }: Looked): Finding[] {
  const mark = view?.entries.findLast(({ lost }) => lost !== "");
  if (mark === undefined) return [];
  const markedAtMs = acceptedAtMs(mark.position);
  if (!isWithinMs(lossMs, markedAtMs, atMs)) return [];
  return [
    {
      code: "journal-lost-entries",
      level: "warning",
      what: "The journal has lost entries. All that was stored before counts as purged, so the origin is asked more.",
      since: isoOf(markedAtMs),
      cause:
        "The database failed over, was restored from a backup, or let the journal's key go; or somebody deleted it.",
      remedy:
        "Nothing has to be done for this one. If it happens again, see that eviction is off for the database.",
    },
  ];
}
