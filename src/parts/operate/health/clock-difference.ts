// Measures how far the clock of a database is ahead, with TIME.
import type { RedisClient } from "../../../remote/redis/redis-client.ts";
import type { RemoteAnswer } from "../../../remote/remote-client.ts";

export interface ClockDifference {
  /** The difference. A positive number means that the database's clock is ahead. */
  readonly aheadMs: number;
  /** The maximum error of the measurement: half of the round trip. */
  readonly uncertainMs: number;
}

/**
 * Reads the difference with one command, without a retry. Never rejects.
 *
 * @returns `not-upstash` if the reply is not a time
 */
export async function readClockDifference(
  redis: Pick<RedisClient, "look">,
  nowAtMs: () => number,
): Promise<RemoteAnswer<ClockDifference>> {
  const sentAtMs = nowAtMs();
  const answer = await redis.look("health", (client) => client.exec(["TIME"]));
  if (answer.kind === "unavailable") return answer;
  const uncertainMs = Math.max(0, nowAtMs() - sentAtMs) / 2;
  const [seconds, microseconds] = Array.isArray(answer.value) ? answer.value.map(Number) : [];
  const serverAtMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  if (!Number.isFinite(serverAtMs)) return { kind: "unavailable", cause: "not-upstash" };
  return {
    kind: "answered",
    value: { aheadMs: serverAtMs - (sentAtMs + uncertainMs), uncertainMs },
  };
}
