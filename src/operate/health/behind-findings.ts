// Findings on counters and buffers: old or large backlogs, and failing flushes.
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import { type Finding, percentOf, spanOf } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Shorter failures may be chance. */
const failingMsMin = 60_000;
/** Older failures and backlogs may be over. The limit is twice the longest pause after a failed flush. */
const recentMs = 10 * 60_000;
/**
 * The longest delay of a backlog that causes no finding, as a multiple of the option `every`. After
 * twice `every`, isolates flush without the cron trigger. A delay beyond this limit means that flushes
 * are missing, failing or too slow.
 */
const runsMax = 5;
const shareMax = 0.8;

const remedy =
  "Check that the cron trigger runs each minute, and that createWorker gets the data cache. Check the sink: its log, and the `write-behind` lines of the log. Call flush() of writeBehind(cache) to send more.";

export function behindBacklog({ data, atMs }: SiteState): Finding[] {
  return [...(data?.sets ?? [])].flatMap(([set, { backlog }]): Finding | [] => {
    const { keyCount, backlogMax, overdueMs, everyMs, heardAtMs } = backlog;
    if (!isWithinMs(recentMs, heardAtMs, atMs)) return [];
    const about = `set ${JSON.stringify(set)}`;
    if (keyCount >= shareMax * backlogMax) {
      const cause = `${keyCount} keys wait, which is ${percentOf(keyCount / backlogMax)} of the limit, ${backlogMax}.`;
      const what = "Changes will soon be refused: the backlog for the sink is nearly full.";
      const since = null;
      return { code: "behind-backlog", level: "critical", about, what, since, cause, remedy };
    }
    if (overdueMs <= runsMax * everyMs) return [];
    return {
      code: "behind-backlog",
      level: "warning",
      about,
      what: "Accepted changes wait for the sink. The application's database does not have them yet. `get` and `getMany` of the set include them.",
      since: isoOf(heardAtMs - overdueMs),
      cause: `The oldest change could have been flushed ${spanOf(overdueMs)} ago.`,
      remedy,
    };
  });
}

export function behindFlushesFail({ data, atMs }: SiteState): Finding[] {
  return [...(data?.sets ?? [])].flatMap(([set, { flushes }]): Finding | [] => {
    if (flushes === undefined) return [];
    const { kind, sinceAtMs, lastAtMs, detail } = flushes;
    if (lastAtMs - sinceAtMs < failingMsMin || !isWithinMs(recentMs, lastAtMs, atMs)) return [];
    return {
      code: "behind-flushes-fail",
      level: "warning",
      about: `set ${JSON.stringify(set)}`,
      what: "Accepted changes do not reach the sink. They stay in Redis. New changes are refused if the backlog becomes full.",
      since: isoOf(sinceAtMs),
      cause: `The last flush ended with ${kind}.${detail ? ` ${detail}` : ""}`,
      remedy:
        "Check the sink of this set, and the findings on Redis. Tidemark retries flushes by itself.",
    };
  });
}

export function behindDeadLetters({ data }: SiteState): Finding[] {
  return [...(data?.sets ?? [])].flatMap(([set, { deadLetterCount }]): Finding | [] => {
    if (deadLetterCount === 0) return [];
    return {
      code: "behind-dead-letters",
      level: "warning",
      about: `set ${JSON.stringify(set)}`,
      what: "The sink refused changes for their content. They are not applied.",
      since: null,
      cause: `${deadLetterCount} dead letters wait.`,
      remedy:
        "Correct the database. Then read the letters with deadLetters(), write each change again, and remove the letter with dropDeadLetter().",
    };
  });
}
