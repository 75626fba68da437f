// Findings on application data: writes whose purge the journal has not accepted, failing loads, and
// counters and buffers whose changes do not reach their sink.
import { isWithinMs } from "../../../base/elapsed.ts";
import { isoOf } from "../../../base/iso-date.ts";
import type { Trouble } from "../../../observe/condition.ts";
import { type Finding, percentOf, spanOf } from "../../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Shorter failures may be chance. */
const failingMsMin = 60_000;
/** Older failures may be over. */
const recentMs = 5 * 60_000;

/** Returns whether failures have lasted for a minute, and the last of them is recent. */
const isLasting = (
  { sinceAtMs, lastAtMs }: Pick<Trouble<string>, "sinceAtMs" | "lastAtMs">,
  withinMs: number,
  atMs: number,
) => lastAtMs - sinceAtMs >= failingMsMin && isWithinMs(withinMs, lastAtMs, atMs);

export function dataUnpurged({ data }: SiteState): Finding | [] {
  if (data === undefined || data.unpurged.keys === 0) return [];
  const { keys, trouble } = data.unpurged;
  return {
    code: "data-unpurged",
    level: "critical",
    what: `Keys of data whose purges the journal has not accepted: ${keys}. Other isolates may answer with older values.`,
    since: trouble === undefined ? null : isoOf(trouble.sinceAtMs),
    cause: "The database did not accept the purges.",
    remedy:
      "Tidemark retries them by itself. Read the findings on Redis. If this isolate ends first, the older values stay until they expire: purge the namespaces that you write.",
  };
}

export function dataLoadsFail({ data, atMs }: SiteState): Finding[] {
  return [...(data?.loads ?? [])]
    .filter(([, trouble]) => isLasting(trouble, recentMs, atMs))
    .map(([namespace, { kind, sinceAtMs }]) => ({
      code: "data-loads-fail",
      level: "warning",
      about: `namespace ${JSON.stringify(namespace)}`,
      what: "Loads of data fail. Stale values answer if the namespace allows it; other calls get the error.",
      since: isoOf(sinceAtMs),
      cause: `The last load ended with ${kind}.`,
      remedy: "Check the source that the loads of this namespace read.",
    }));
}

/** Older backlogs may be over. The limit is twice the longest pause after a failed flush. */
const backlogMs = 10 * 60_000;
/**
 * The longest delay of a backlog that causes no finding, as a multiple of the option `every`. After
 * twice `every`, isolates flush without the cron trigger.
 */
const runsMax = 5;
const shareMax = 0.8;

/** One finding per counter or buffer whose changes wait too long, or are too many. */
export function behindBacklog({ data, atMs }: SiteState): Finding[] {
  return [...(data?.sets ?? [])].flatMap(([set, { backlog, flushes }]): Finding | [] => {
    const { keyCount, backlogMax, everyMs, heardAtMs } = backlog;
    const isKnown = isWithinMs(backlogMs, heardAtMs, atMs);
    const isFull = isKnown && keyCount >= shareMax * backlogMax;
    const overdueMs = isKnown && backlog.overdueMs > runsMax * everyMs ? backlog.overdueMs : 0;
    const failure = flushes && isLasting(flushes, backlogMs, atMs) ? flushes : undefined;
    if (!isFull && overdueMs === 0 && failure === undefined) return [];
    const causes = [
      ...(isFull
        ? [
            `${keyCount} keys wait, which is ${percentOf(keyCount / backlogMax)} of the limit, ${backlogMax}.`,
          ]
        : []),
      ...(overdueMs > 0
        ? [`The oldest change could have been flushed ${spanOf(overdueMs)} ago.`]
        : []),
      ...(failure ? [`The last flush ended with ${failure.kind}.`, failure.detail ?? ""] : []),
    ];
    const sinceAtMs = failure?.sinceAtMs ?? (overdueMs > 0 ? heardAtMs - overdueMs : undefined);
    return {
      code: "behind-backlog",
      level: isFull ? "critical" : "warning",
      about: `set ${JSON.stringify(set)}`,
      what: isFull
        ? "Changes will soon be refused: the backlog for the sink is nearly full."
        : "Accepted changes wait for the sink. The application's database does not have them yet. `get` and `getMany` of the set include them.",
      since: sinceAtMs === undefined ? null : isoOf(sinceAtMs),
      cause: causes.join(" ").trim(),
      remedy:
        "Tidemark retries flushes by itself. Check the sink: its log, and the `write-behind` lines of the log. Check that the cron trigger runs each minute, and that createWorker gets the data cache. Call flush() of writeBehind(cache) to send more.",
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

export function behindClock({ data }: SiteState): Finding[] {
  return [...(data?.sets ?? [])].flatMap(([set, { clock }]): Finding | [] => {
    if (clock === undefined) return [];
    return {
      code: "behind-clock",
      level: "warning",
      about: `set ${JSON.stringify(set)}`,
      what: "Changes wait in slices that are ahead of the clock of Redis. They count once.",
      since: isoOf(clock.sinceAtMs),
      cause: `The slices are ahead by ${spanOf(clock.leadMs)}: the clock of Redis was set back, or the sink got the progress mark of another database.`,
      remedy:
        "Check that the clock of the Redis server is right. The lead shrinks by itself, by an eighth of the time that passes.",
    };
  });
}
