// Findings on application data: writes whose purge the journal has not accepted, failing loads, and
// counters and buffers whose changes do not reach their sink.
import { isWithinMs } from "../../../base/elapsed.ts";
import { isoOf } from "../../../base/iso-date.ts";
import type { SetTroubles } from "../../../compose/data-beside-pages.ts";
import type { Trouble } from "../../../observe/condition.ts";
import type { Finding } from "../../../protocol/finding.ts";
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
    since: trouble === undefined ? null : isoOf(trouble.sinceAtMs),
    values: { count: keys },
  };
}

export function dataLoadsFail({ data, atMs }: SiteState): Finding[] {
  return [...(data?.loads ?? [])]
    .filter(([, trouble]) => isLasting(trouble, recentMs, atMs))
    .map(([namespace, { kind, sinceAtMs }]) => ({
      code: "data-loads-fail",
      level: "warning",
      about: `namespace ${JSON.stringify(namespace)}`,
      since: isoOf(sinceAtMs),
      values: { end: kind },
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
  return [...(data?.sets ?? [])].flatMap(([set, troubles]) => backlogOf(set, troubles, atMs));
}

function backlogOf(set: string, { backlog, flushes }: SetTroubles, atMs: number): Finding | [] {
  const { keyCount, backlogMax, everyMs, heardAtMs } = backlog;
  const isKnown = isWithinMs(backlogMs, heardAtMs, atMs);
  const isFull = isKnown && keyCount >= shareMax * backlogMax;
  const overdueMs = isKnown && backlog.overdueMs > runsMax * everyMs ? backlog.overdueMs : 0;
  const failure = flushes && isLasting(flushes, backlogMs, atMs) ? flushes : undefined;
  if (!isFull && overdueMs === 0 && failure === undefined) return [];
  const sinceAtMs = failure?.sinceAtMs ?? (overdueMs > 0 ? heardAtMs - overdueMs : undefined);
  return {
    code: "behind-backlog",
    ...(isFull && { case: "backlog-full" }),
    level: isFull ? "critical" : "warning",
    about: `set ${JSON.stringify(set)}`,
    since: sinceAtMs === undefined ? null : isoOf(sinceAtMs),
    values: {
      ...(isFull && { keyCount, backlogMax, fullShare: keyCount / backlogMax }),
      ...(overdueMs > 0 && { overdueMs }),
      ...(failure && { end: failure.kind, detail: failure.detail ?? "" }),
    },
  };
}

export function behindDeadLetters({ data }: SiteState): Finding[] {
  return [...(data?.sets ?? [])].flatMap(([set, { deadLetterCount }]): Finding | [] => {
    if (deadLetterCount === 0) return [];
    return {
      code: "behind-dead-letters",
      level: "warning",
      about: `set ${JSON.stringify(set)}`,
      since: null,
      values: { count: deadLetterCount },
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
      since: isoOf(clock.sinceAtMs),
      values: { leadMs: clock.leadMs },
    };
  });
}
