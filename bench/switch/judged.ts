// Evaluates the responses after posts of the switch: how long colos ignore a post after its 200,
// and whether hits return after N.
import { type Bypass, isBypassed } from "../../src/purge/journal/switch-state.ts";

/**
 * A post, with the times at which it was sent and at which its 200 arrived, in epoch milliseconds.
 */
export interface Post {
  readonly bypass: Bypass;
  /** The index of the colo that accepted the post. */
  readonly colo: number;
  readonly sentAtMs: number;
  readonly acceptedAtMs: number;
}

/** The response to one request of a client. */
export interface Answer {
  readonly colo: number;
  readonly route: string;
  readonly startedAtMs: number;
  readonly kind: "hit" | "bypassed" | "forwarded" | "failed";
}

/** The effect of one post at one colo. */
export interface Followed {
  readonly post: Post;
  readonly colo: number;
  readonly answerCount: number;
  /**
   * The time from the 200 to the start of the last request whose response ignored the post; 0 if
   * there is none.
   */
  readonly obeyedAfterMs: number;
  /**
   * The number of requests that started later than N after the 200 and whose response ignored the
   * post.
   */
  readonly lateCount: number;
  readonly failedCount: number;
  /**
   * The share of hits from N after the 200, among the responses that must not be bypassed;
   * `undefined` if there are none.
   */
  readonly hitShare: number | undefined;
}

/**
 * The smallest allowed `hitShare`. On a machine that is too busy for its Redis, the share is below
 * 1.
 */
export const hitShareMin = 0.5;

/**
 * @param posts the posts in the order of their times
 * @param withinMs N
 * @returns a row for each post and colo. A request belongs to the last accepted post at its start,
 *   unless the next post has already been sent
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

/** @returns descriptions of the faults; empty if there are none */
export function faultsIn(rows: readonly Followed[], failedCount: number): string[] {
  const lateCount = rows.reduce((sum, row) => sum + row.lateCount, 0);
  const silent = rows.filter(({ answerCount }) => answerCount === 0);
  const cold = rows.filter(({ hitShare = 1 }) => hitShare < hitShareMin);
  return [
    ...(rows.length === 0 || silent.length > 0 ? ["a colo got no request between two posts"] : []),
    ...(lateCount > 0 ? [`${lateCount} responses did not obey after N`] : []),
    ...(failedCount > 0 ? [`${failedCount} requests failed or got no response`] : []),
    ...(cold.length > 0 ? [`${cold.length} times hits did not return after N`] : []),
  ];
}
