// What the answers say of the posts of the switch: how long after a post's 200 somebody did not obey it,
// and how soon hits are back. Pure.
import { type Bypass, isBypassed } from "../../src/purge/journal/switch-state.ts";

/** A post, and when it was sent and answered with 200. All instants in epoch milliseconds. */
export interface Post {
  readonly bypass: Bypass;
  /** The place in the list of colos of the one that took it. */
  readonly colo: number;
  readonly sentAtMs: number;
  readonly acceptedAtMs: number;
}

/** An answer that a client got. */
export interface Answer {
  readonly colo: number;
  readonly route: string;
  readonly startedAtMs: number;
  readonly kind: "hit" | "bypassed" | "forwarded" | "failed";
}

/** One post as one colo followed it. */
export interface Followed {
  readonly post: Post;
  readonly colo: number;
  readonly answerCount: number;
  /** From the 200 to the beginning of the last request that was not answered by it; 0 where all were. */
  readonly obeyedAfterMs: number;
  /** Requests that began later than N after the 200 and were not answered by it. */
  readonly lateCount: number;
  readonly failedCount: number;
  /** Of the answers for what is not bypassed, from N on: those that a tier gave. `undefined` of none. */
  readonly hitShare: number | undefined;
}

/**
 * Of the answers from N after the way back on, this share at the least are hits. A machine that is too
 * busy for its Redis has fewer than all.
 */
export const hitShareMin = 0.5;

/**
 * @param posts in their order
 * @param withinMs N
 * @returns a row for each post and colo. A request counts for the post that was accepted last when it
 *   began, unless the next one had been sent by then
 */
export function followed(
  posts: readonly Post[],
  answers: readonly Answer[],
  { withinMs, coloCount }: { readonly withinMs: number; readonly coloCount: number },
): Followed[] {
  return posts.flatMap((post, at) => {
    const untilMs = posts[at + 1]?.sentAtMs ?? Infinity;
    const ofPost = answers.filter(
      ({ startedAtMs }) => startedAtMs >= post.acceptedAtMs && startedAtMs < untilMs,
    );
    return Array.from({ length: coloCount }, (_, colo) => {
      const ofColo = ofPost.filter((answer) => answer.colo === colo);
      return followedBy(ofColo, { post, colo, withinMs });
    });
  });
}

function followedBy(
  answers: readonly Answer[],
  { post, colo, withinMs }: { post: Post; colo: number; withinMs: number },
): Followed {
  const sinceMs = ({ startedAtMs }: Answer) => startedAtMs - post.acceptedAtMs;
  const isToBypass = ({ route }: Answer) => isBypassed(post.bypass, route);
  const whole = answers.filter(({ kind }) => kind !== "failed");
  const disobedientMs = whole
    .filter((answer) => (answer.kind === "bypassed") !== isToBypass(answer))
    .map(sinceMs);
  const lookedUp = whole.filter((answer) => !isToBypass(answer) && sinceMs(answer) > withinMs);
  const hitCount = lookedUp.filter(({ kind }) => kind === "hit").length;
  return {
    post,
    colo,
    answerCount: answers.length,
    obeyedAfterMs: Math.max(0, ...disobedientMs),
    lateCount: disobedientMs.filter((ms) => ms > withinMs).length,
    failedCount: answers.length - whole.length,
    hitShare: lookedUp.length === 0 ? undefined : hitCount / lookedUp.length,
  };
}

/** @returns what was not as it must be, in words; empty where all was */
export function faultsIn(rows: readonly Followed[], failedCount: number): string[] {
  const lateCount = rows.reduce((sum, row) => sum + row.lateCount, 0);
  const silent = rows.filter(({ answerCount }) => answerCount === 0);
  const cold = rows.filter(({ hitShare = 1 }) => hitShare < hitShareMin);
  return [
    ...(rows.length === 0 || silent.length > 0 ? ["a colo was not asked between two posts"] : []),
    ...(lateCount > 0 ? [`${lateCount} answers did not obey after N`] : []),
    ...(failedCount > 0 ? [`${failedCount} answers were errors, or none came`] : []),
    ...(cold.length > 0 ? [`${cold.length} times hits were not back after N`] : []),
  ];
}
