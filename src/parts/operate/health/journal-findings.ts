// Findings on the purge journal: failed reads, late purges, and lost entries.
import { remedyOf, whyOf } from "../../../remote/trouble.ts";
import { isoOf } from "../../../base/iso-date.ts";
import { isWithinMs } from "../../../base/elapsed.ts";
import { acceptedAtMs, type NewEntry } from "../../../purge/journal/entry.ts";
import { postedAgain } from "../../../purge/journal/switch.ts";
import { type Finding, spanOf } from "../../../protocol/finding.ts";
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
    level: isPast ? "critical" : "warning",
    what: isPast
      ? "Tidemark cannot tell which stored responses were purged, so it requests them from the origin again."
      : "The last read of the purge journal failed. Stored responses still answer.",
    since: isoOf(view.sentAtMs),
    cause: trouble ? `${whyOf(trouble.kind, words)}.` : "The journal did not answer.",
    remedy: trouble ? remedyOf(trouble.kind, words) : "Tidemark tries again by itself.",
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
  const others =
    late.length > 1 ? ` It took longer than N / 2 for ${late.length} colos or isolates.` : "";
  return {
    code: "journal-lag",
    level: worst.ms > renewalLagMs ? "critical" : "warning",
    what: `It took ${spanOf(worst.ms)} until ${worst.where} had read the last purge. N is ${spanOf(renewalLagMs)}.${others}`,
    since: isoOf(Math.min(...late.map(({ readAtMs }) => readAtMs))),
    cause:
      "A replica of the database lags, the database answers slowly, or so few requests come that the journal is rarely read.",
    remedy:
      "If the lag lasts, check the region and the load of the database, or raise purge.maxLagSeconds.",
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
    what: "The purge journal has lost entries. Tidemark treats every response that was stored before the loss as purged, so the origin gets more requests.",
    since: isoOf(markedAtMs),
    cause:
      "The database failed over, was restored from a backup, or evicted the journal's key. Or somebody deleted that key.",
    remedy:
      "Check the switch with tidemark switch: if no isolate remembered its last change, change it again. If entries are lost again, check that eviction is off for the database.",
  };
}

/** Returns the finding on a post of the switch that an isolate has posted again (rule 24 g). */
export function switchLost({ view, atMs }: SiteState): Finding | [] {
  const again = view?.entries.findLast(isPostedAgain);
  if (again === undefined || !isWithinMs(lossMs, acceptedAtMs(again.position), atMs)) return [];
  return {
    code: "switch-lost",
    level: "warning",
    what: "The database lost the last change of the switch. Until an isolate that remembered the change restored it, other isolates may have followed an older state.",
    since: isoOf(acceptedAtMs(again.position)),
    cause: "The database failed over, was restored from a backup, or evicted the switch's key.",
    remedy: "Check with tidemark switch that the switch is as you want it.",
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
    what: "Purges of others arrive only by polling, within N.",
    since: null,
    cause: `No hints of them arrive: ${hints.slice("off: ".length)}`,
    remedy: "If they must arrive sooner, end this cause. Hints then arrive by themselves.",
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
    what: "The database of the purge journal started from a snapshot. Purges since the snapshot are undone, unless an isolate remembers a newer entry.",
    since: isoOf(startedAtMs),
    cause: "The database restarted or was restored, and appendonly is off.",
    remedy:
      "Purge everything, and check the switch with tidemark switch. To lose at most a second of purges in the future, set appendonly yes.",
  };
}
