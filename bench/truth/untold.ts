// Which of what was counted outside no isolate may have told: what one that was killed had counted since
// the last report of it that Redis has taken.
import type { Life } from "./colo-lives.ts";
import type { ReportPace } from "../../src/observe/metrics.ts";
import type { TruthRun } from "./run.ts";
import type { Row } from "./seen.ts";

/** An isolate that has much to do sends a report a little after it has taken its counts. */
const slackMs = 2_000;

/** What is counted once all behind an answer is over: to write to Redis may take five seconds. */
export const behindMs = 6_000;

/**
 * @param atMs when it was over for whoever has counted it
 * @param laterMs by how much later the isolate may have counted it
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

/** How many requests got no whole answer though their colo may have begun to answer them. */
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
 * How often an isolate has told later than it may: behind the first answer after `busyAfterMs` in which it
 * answered `busyRequests`, or after `quietAfterMs`.
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

/** @param markMs when it told, or was killed; `ends` of its answers, in order */
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
