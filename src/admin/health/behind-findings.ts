// Findings on counters and buffers: old or large backlogs, and failing flushes.
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import { type Finding, percentOf, spanOf } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Shorter failures may be chance. */
const failingMsMin = 60_000;
/** Older failures may be over. This is twice the longest pause after a failed flush. */
const recentMs = 10 * 60_000;
/** An isolate flushes on its own after twice `every`, so a longer delay means that it cannot keep up. */
const runsMax = 5;
const shareMax = 0.8;

const remedy =
  "See that the cron trigger runs each minute and that the cache was handed to the Worker. Look at the sink: its log, and the `write-behind` lines of the log. By hand, cache.flush() sends more.";

export function behindBacklog({ data, atMs }: SiteState): Finding[] {
  return [...(data?.sets ?? [])].flatMap(([set, { backlog }]): Finding[] => {
    const { keyCount, backlogMax, overdueMs, everyMs, heardAtMs } = backlog;
    if (!isWithinMs(recentMs, heardAtMs, atMs)) return [];
    const about = `set ${JSON.stringify(set)}`;
    if (keyCount >= shareMax * backlogMax) {
      const cause = `Of ${backlogMax} keys that may wait, ${keyCount} do: ${percentOf(keyCount / backlogMax)}.`;
      const what = "Changes are refused soon: nearly as much waits for the sink as may.";
      const since = null;
      return [{ code: "behind-backlog", level: "critical", about, what, since, cause, remedy }];
    }
    if (overdueMs <= runsMax * everyMs) return [];
    return [
      {
        code: "behind-backlog",
        level: "warning",
        about,
        what: "Changes that are accepted wait for the sink. The database of the application is behind; reads are exact.",
        since: isoOf(heardAtMs - overdueMs),
        cause: `The oldest could have been flushed ${spanOf(overdueMs)} ago.`,
        remedy,
      },
    ];
  });
}

export function behindFlushesFail({ data, atMs }: SiteState): Finding[] {
  return [...(data?.sets ?? [])].flatMap(([set, { flushes }]): Finding[] => {
    if (flushes === undefined) return [];
    const { kind, sinceAtMs, lastAtMs } = flushes;
    if (lastAtMs - sinceAtMs < failingMsMin || !isWithinMs(recentMs, lastAtMs, atMs)) return [];
    return [
      {
        code: "behind-flushes-fail",
        level: "warning",
        about: `set ${JSON.stringify(set)}`,
        what: "What is accepted does not reach the sink. Nothing is lost while there is room for it.",
        since: isoOf(sinceAtMs),
        cause: `The last flush ended with ${kind}.`,
        remedy:
          "Look at the sink of this set, and at the findings on Redis. Flushes are tried again by themselves.",
      },
    ];
  });
}
