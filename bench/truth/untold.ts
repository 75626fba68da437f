// Finds the counts that no isolate may have reported: those of a killed isolate after the last
// report that Redis has accepted.
import type { Life } from "./colo-lives.ts";
import type { ReportPace } from "../../src/observe/metrics.ts";
import type { TruthRun } from "./run.ts";
import type { Row } from "./seen.ts";

/** The longest delay between a count of a busy isolate and its report. */
const slackMs = 2_000;

/** The longest delay of counts in the background, where a write to Redis may take five seconds. */
export const behindMs = 6_000;

/**
 * Returns whether the isolate of a colo may have been killed before it reported an event.
 *
 * @param atMs the time of the event outside the Worker
 * @param laterMs the longest delay until the isolate counts the event
 */
export function isUntold(
  { colo }: { readonly colo: number },
  { atMs, laterMs }: { atMs: number; laterMs: number },
  lives: readonly Life[],
): boolean {
  return lives.some((life) => {
    const isIts = life.colo === colo && life.untilMs < Infinity;
    return isIts && atMs + laterMs > toldUntilMs(life) && atMs <= life.untilMs + slackMs / 4;
  });
}

const toldUntilMs = ({ fromMs, tellings }: Life): number => {
  const last = tellings.findLast(({ isWhole }) => isWhole);
  return last === undefined ? fromMs : last.atMs - slackMs;
};

/**
 * Returns the number of requests that got no whole response, although a killed isolate may have
 * counted them.
 */
export function cutCount({ rows, lives }: Pick<TruthRun, "rows" | "lives">): number {
  return rows.filter((row) => row.status === 0 && isCut(row, lives)).length;
}

function isCut({ colo, startedAtMs, endedAtMs }: Row, lives: readonly Life[]): boolean {
  return lives.some(
    (life) =>
      life.colo === colo &&
      startedAtMs <= life.untilMs &&
      startedAtMs >= life.fromMs &&
      endedAtMs >= life.untilMs - slackMs,
  );
}

/**
 * Returns how often an isolate reported late. A report is due after the first response past
 * `busyAfterMs` if there were `busyRequests` responses, and otherwise past `quietAfterMs`.
 */
export function lateCount({
  rows,
  lives,
  pace,
}: Pick<TruthRun, "rows" | "lives" | "pace">): number {
  const answered = rows.filter(({ status }) => status !== 0);
  const endsOf = Map.groupBy(answered, ({ colo }) => colo);
  return lives.reduce((count, life) => {
    const ends = (endsOf.get(life.colo) ?? [])
      .map(({ endedAtMs }) => endedAtMs)
      .filter((atMs) => atMs >= life.fromMs && atMs <= life.untilMs)
      .toSorted((a, b) => a - b);
    const marks = [...life.tellings.map(({ atMs }) => atMs), life.untilMs];
    const sinces = [ends[0] ?? Infinity, ...marks];
    return count + marks.filter((mark, at) => isLate(mark, sinces[at] ?? 0, ends, pace)).length;
  }, 0);
}

/**
 * @param markMs the time of the report, or of the kill
 * @param ends the sorted times of the isolate's responses
 */
function isLate(
  markMs: number,
  sinceMs: number,
  ends: readonly number[],
  pace: ReportPace,
): boolean {
  const { busyAfterMs, busyRequests, quietAfterMs } = pace;
  const own = ends.filter((atMs) => atMs > sinceMs && atMs <= markMs);
  const busyAtMs = Math.max(sinceMs + busyAfterMs, own[busyRequests - 1] ?? Infinity);
  const dueAtMs = Math.min(busyAtMs, sinceMs + quietAfterMs);
  const tellsAtMs = own.find((atMs) => atMs > dueAtMs) ?? Infinity;
  return markMs > tellsAtMs + slackMs;
}
