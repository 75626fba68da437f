// Removals from the shared tier on their way: the first is sent at once, and what comes within a
// tenth of a second of that goes together, so that a flood of them costs ten commands a second. Each
// request waits for what came of its own key, and none is tried again.
import { patiently, pause } from "../../base/patience.ts";
import type { RedisClient } from "../../redis/redis-client.ts";
import type { TierAsk, TierRemoval } from "../../cache/tiers/tier.ts";

export interface JoinedRemovalsSettings {
  readonly redis: Pick<RedisClient, "remove">;
  readonly nowAtMs: () => number;
}

/** From one command to the next. */
export const joinMs = 100;
/** That many do not wait for more. */
export const togetherMax = 128;

/** Longer than a command may take: who has sent it is gone with its request. */
const sentMsMax = 6_000;
/** By then its own request has sent it, or is gone. */
const tendedMsMax = 1_000;

interface Removal {
  readonly redisKey: string;
  readonly sinceAtMs: number;
  sent: Promise<TierRemoval> | undefined;
}

export class JoinedRemovals {
  readonly #settings: JoinedRemovalsSettings;
  /** Not sent yet, the oldest first. */
  readonly #waiting = new Map<string, Removal>();
  #sentAtMs = -Infinity;

  constructor(settings: JoinedRemovalsSettings) {
    this.#settings = settings;
  }

  isWaiting(redisKey: string): boolean {
    return this.#waiting.has(redisKey);
  }

  /**
   * Each request keeps a timer of its own: one that finds its key sent with another's waits for what
   * comes of that, and sends it again if nothing does. Never rejects.
   */
  async remove(redisKey: string): Promise<TierRemoval> {
    const { nowAtMs } = this.#settings;
    const own = this.#waiting.get(redisKey) ?? { redisKey, sinceAtMs: nowAtMs(), sent: undefined };
    this.#waiting.set(redisKey, own);
    const leftMs = Math.min(joinMs, this.#sentAtMs + joinMs - nowAtMs());
    if (leftMs > 0 && this.#waiting.size < togetherMax) await pause(leftMs);
    if (own.sent === undefined) return this.#send(own);
    const came = await patiently(own.sent, sentMsMax);
    return came === "out-of-patience" || came === "abandoned" ? this.#send(own) : came;
  }

  /** What a request that has ended left behind is sent behind another's answer. */
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

  /** One command for all of them. Never rejects. */
  async #removed(redisKeys: readonly string[]): Promise<TierRemoval> {
    const answer = await this.#settings.redis.remove("removal", (client) =>
      client.del(...redisKeys),
    );
    return answer.kind === "answered" ? "removed" : answer.kind;
  }
}
