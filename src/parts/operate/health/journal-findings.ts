// Findings on the purge journal: failed reads, late purges, and lost entries.
import { wordsOf } from "../../../remote/trouble.ts";
import { isoOf } from "../../../base/iso-date.ts";
import { isWithinMs } from "../../../base/elapsed.ts";
import { acceptedAtMs, type NewEntry } from "../../../purge/journal/entry.ts";
import { postedAgain } from "../../../purge/journal/switch.ts";
import type { Finding } from "../../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/**
 * A failure older than this and than N is ignored. No read has followed it, so the present state is
 * unknown.
 */
const failedMs = 60_000;

/** The margin between the start of a database and the entries from before it. */
const beforeStartMs = 60_000;

/**
 * Returns the finding on failed reads. It is critical once the view is older than N − A, because
 * most routes then do not use stored responses.
 */
export function journalUnreadable(state: SiteState): Finding | [] {
  const { view, atMs, renewalLagMs, allowanceMs, clients } = state;
  const failedAtMs = view?.failedAtMs;
  if (view === undefined || failedAtMs === undefined) return [];
  if (!isWithinMs(Math.max(failedMs, renewalLagMs), failedAtMs, atMs)) return [];
  const isPast = atMs - view.sentAtMs > renewalLagMs - allowanceMs;
  const client = clients.find(({ name }) => name === "purge journal");
  const last = client?.trouble;
  const trouble = last?.isOver === false ? last : undefined;
  const words = client?.words ?? {};
  return {
    code: "journal-unreadable",
    ...(isPast && { case: "journal-past" }),
    level: isPast ? "critical" : "warning",
    since: isoOf(view.sentAtMs),
    values: trouble ? wordsOf(trouble.kind, words) : {},
  };
}

/** Older reads and reports are ignored. */
const lagMs = 10 * 60_000;

/** Returns the finding on late purges: a warning over half of N, critical over N. */
export function journalLag({ view, totals, atMs, renewalLagMs }: SiteState): Finding | [] {
  const lag = view?.lag;
  const here =
    lag && isWithinMs(lagMs, lag.readAtMs, atMs)
      ? [{ where: "this isolate", readAtMs: lag.readAtMs, ms: lag.lastMs }]
      : [];
  const elsewhere = [...(totals?.colos ?? [])]
    .filter(([, state]) => isWithinMs(lagMs, state.atMs, atMs))
    .map(([colo, state]) => ({
      where: `colo ${colo}`,
      readAtMs: state.atMs,
      ms: state.lagMs ?? 0,
    }));
  const late = [...here, ...elsewhere]
    .filter(({ ms }) => ms > renewalLagMs / 2)
    .toSorted((a, b) => b.ms - a.ms);
  const [worst] = late;
  if (worst === undefined) return [];
  return {
    code: "journal-lag",
    level: worst.ms > renewalLagMs ? "critical" : "warning",
    since: isoOf(Math.min(...late.map(({ readAtMs }) => readAtMs))),
    values: { where: worst.where, lagMs: worst.ms, maxLagMs: renewalLagMs, count: late.length },
  };
}

/** The time for which losses, and restarts that may be losses, are reported. */
const lossMs = 60 * 60_000;

export function journalLostEntries({ view, atMs }: SiteState): Finding | [] {
  const mark = view?.entries.findLast(({ lost }) => lost !== "");
  if (mark === undefined) return [];
  const markedAtMs = acceptedAtMs(mark.position);
  if (!isWithinMs(lossMs, markedAtMs, atMs)) return [];
  return {
    code: "journal-lost-entries",
    level: "warning",
    since: isoOf(markedAtMs),
  };
}

/** Returns the finding on a post of the switch that an isolate has posted again (rule 24 g). */
export function switchLost({ view, atMs }: SiteState): Finding | [] {
  const again = view?.entries.findLast(isPostedAgain);
  if (again === undefined || !isWithinMs(lossMs, acceptedAtMs(again.position), atMs)) return [];
  return {
    code: "switch-lost",
    level: "warning",
    since: isoOf(acceptedAtMs(again.position)),
  };
}

/** Returns whether an entry is a post that was written again. */
function isPostedAgain(entry: Pick<NewEntry, "switched" | "by" | "reason">): boolean {
  const { by, reason } = postedAgain;
  return entry.switched !== undefined && entry.by === by && entry.reason === reason;
}

/** Returns the finding on hints that stay off, so that only polling brings purges. */
export function hintsOff({ hints }: SiteState): Finding | [] {
  if (hints?.startsWith("off: ") !== true) return [];
  return {
    code: "hints-off",
    level: "info",
    since: null,
    values: { why: hints.slice("off: ".length) },
  };
}

/**
 * Returns the finding on a database that started from a snapshot. If no isolate remembers a lost
 * entry, nothing else shows the loss.
 */
export function journalRestarted({ view, rooms, atMs }: SiteState): Finding | [] {
  const { uptimeMs } = rooms?.find(({ holdsJournal }) => holdsJournal)?.info ?? {};
  const oldest = view?.entries[0];
  if (uptimeMs === undefined || uptimeMs > lossMs || oldest === undefined) return [];
  const startedAtMs = atMs - uptimeMs;
  // Another clock dates the entries, so only entries from well before the start count.
  if (acceptedAtMs(oldest.position) > startedAtMs - beforeStartMs) return [];
  return {
    code: "journal-restarted",
    level: "warning",
    since: isoOf(startedAtMs),
  };
}
