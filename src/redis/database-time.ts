// How far the database's clock is from ours, by TIME.
import type { RedisAnswer, RedisClient } from "./redis-client.ts";

export interface ClockDifference {
  /** Above 0: the database's clock is ahead of ours. */
  readonly aheadMs: number;
  /** It may be as much more or less: half of what the round trip took. */
  readonly uncertainMs: number;
}

/**
 * One command, and one try. Never rejects.
 *
 * @returns `not-upstash` for an answer that is no time
 */
export async function readClockDifference(
  redis: Pick<RedisClient, "look">,
  nowAtMs: () => number,
): Promise<RedisAnswer<ClockDifference>> {
  const sentAtMs = nowAtMs();
  const answer = await redis.look<unknown>("health", (client) => client.time());
  if (answer.kind === "unavailable") return answer;
  const uncertainMs = Math.max(0, nowAtMs() - sentAtMs) / 2;
  const [seconds, microseconds] = Array.isArray(answer.value) ? answer.value.map(Number) : [];
  const toldAtMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  if (!Number.isFinite(toldAtMs)) return { kind: "unavailable", cause: "not-upstash" };
  return {
    kind: "answered",
    value: { aheadMs: toldAtMs - (sentAtMs + uncertainMs), uncertainMs },
  };
}
