// Which of what was counted outside no isolate may have told: what one that was killed had counted since
// the last report of it that Redis has taken.
import type { Life } from "./colo-lives.ts";
import type { Pace, TruthRun } from "./run.ts";
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
 * How often an isolate has told nothing for longer than it may: for `busyAfterMs` in which it answered
 * `busyRequests`, or for `quietAfterMs`.
 */
export function lateCount({
  rows,
  lives,
  pace,
}: Pick<TruthRun, "rows" | "lives" | "pace">): number {
  const endsOf = Array.from({ length: 1 + Math.max(...lives.map(({ colo }) => colo)) }, (_, colo) =>
    rows.filter((row) => row.colo === colo && row.status !== 0).map(({ endedAtMs }) => endedAtMs),
  );
  return lives.reduce((count, life) => {
    const ends = endsOf[life.colo] ?? [];
    const own = ends.filter((atMs) => atMs >= life.fromMs && atMs <= life.untilMs);
    const marks = [
      ...life.tellings.map(({ atMs }) => atMs),
      ...(life.untilMs < Infinity ? [life.untilMs] : []),
    ];
    let sinceMs = own.reduce((least, atMs) => Math.min(least, atMs), Infinity);
    for (const markMs of marks) {
      const answered = own.filter((atMs) => atMs > sinceMs && atMs <= markMs - slackMs).length;
      const isBusy = answered >= pace.busyRequests;
      if (isLate(markMs - sinceMs, isBusy, pace) && isAsked(own, sinceMs, markMs, pace)) count += 1;
      sinceMs = markMs;
    }
    return count;
  }, 0);
}

function isLate(tookMs: number, isBusy: boolean, { busyAfterMs, quietAfterMs }: Pace): boolean {
  return tookMs > (isBusy ? busyAfterMs : quietAfterMs) + slackMs;
}

/** It tells behind an answer: without a request after its time it cannot. */
function isAsked(
  ends: readonly number[],
  sinceMs: number,
  markMs: number,
  { busyAfterMs }: Pace,
): boolean {
  return ends.some((atMs) => atMs > sinceMs + busyAfterMs && atMs <= markMs - slackMs);
}
