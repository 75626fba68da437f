// Batches removals from the shared tier. A removal is sent at once if no command was sent in the
// last 100 ms. Otherwise removals wait until the 100 ms are over, or a batch is full. Each request
// waits for the result for its own key. A failed command is not retried. If the request that sends
// a batch ends, another request sends its own removal again.
import { patiently, pause } from "../../base/timeouts.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import type { TierAsk, TierRemoval } from "../../cache/tiers/tier.ts";

export interface JoinedRemovalsSettings {
  readonly redis: RedisClient;
  readonly nowAtMs: () => number;
}

/** The minimum time between commands, unless a batch is full. */
export const joinMs = 100;
/** The size of a full batch, which is sent at once. */
export const togetherMax = 128;

/** The maximum wait for another request's command, which exceeds any command's timeout. */
const sentMsMax = 6_000;
/** The time after which the request that removes a key must have sent the removal or have ended. */
const tendedMsMax = 1_000;

interface Removal {
  readonly redisKey: string;
  readonly sinceAtMs: number;
  sent: Promise<TierRemoval> | undefined;
}

export class JoinedRemovals {
  readonly #settings: JoinedRemovalsSettings;
  /** Unsent removals, oldest first. */
  readonly #waiting = new Map<string, Removal>();
  #sentAtMs = -Infinity;

  constructor(settings: JoinedRemovalsSettings) {
    this.#settings = settings;
  }

  isWaiting(redisKey: string): boolean {
    return this.#waiting.has(redisKey);
  }

  /**
   * Removes a key. Each request waits with its own timer. If another request sends the removal but
   * ends before the result, this request sends the removal again. Never rejects.
   */
  async remove(redisKey: string): Promise<TierRemoval> {
    const { nowAtMs } = this.#settings;
    const own = this.#waiting.get(redisKey) ?? { redisKey, sinceAtMs: nowAtMs(), sent: undefined };
    this.#waiting.set(redisKey, own);
    const leftMs = Math.min(joinMs, this.#sentAtMs + joinMs - nowAtMs());
    if (leftMs > 0 && this.#waiting.size < togetherMax) await pause(leftMs);
    if (own.sent === undefined) return this.#send(own);
    const result = await patiently(own.sent, sentMsMax);
    return result === "timed-out" || result === "abandoned" ? this.#send(own) : result;
  }

  /** Sends a removal whose request has ended, in the background of another request. */
  takeUpLate({ atMs, afterAnswer }: Pick<TierAsk<unknown>, "atMs" | "afterAnswer">): void {
    const oldest = this.#waiting.values().next().value;
    if (oldest === undefined || Math.abs(atMs - oldest.sinceAtMs) <= tendedMsMax) return;
    afterAnswer(async () => {
      if (oldest.sent === undefined) await this.#send(oldest);
    });
  }

  #send(own: Removal): Promise<TierRemoval> {
    const together = new Map([[own.redisKey, own]]);
    for (const each of this.#waiting.values()) {
      if (together.size >= togetherMax) break;
      together.set(each.redisKey, each);
    }
    for (const redisKey of together.keys()) this.#waiting.delete(redisKey);
    this.#sentAtMs = this.#settings.nowAtMs();
    const sent = this.#removed([...together.keys()]);
    for (const each of together.values()) each.sent = sent;
    own.sent = sent;
    return sent;
  }

  /** Removes all keys in one command. Never rejects. */
  async #removed(redisKeys: readonly string[]): Promise<TierRemoval> {
    const answer = await this.#settings.redis.remove("removal", (client) =>
      client.exec(["DEL", ...redisKeys]),
    );
    return answer.kind === "answered" ? "removed" : answer.kind;
  }
}
