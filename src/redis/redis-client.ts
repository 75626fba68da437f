// One Redis database over Upstash's REST interface: bounded in time, shut off while it is down.
import { Redis } from "@upstash/redis/cloudflare";
import { errorName } from "../error-name.ts";
import { Breaker } from "./breaker.ts";
import { LatencyBound } from "./latency-bound.ts";

export type RedisAnswer<T> =
  | { kind: "answered"; value: T }
  | { kind: "unavailable"; cause: string };

export interface RedisSettings {
  readonly url: string;
  readonly token: string;
  readonly nowAtMs: () => number;
  /** The longest that a read is waited for; 1 s unless set. */
  readonly readTimeoutMsMax?: number;
  /** The longest pause between two probes while it is shut off; 30 s unless set. */
  readonly pauseMsMax?: number;
}

/** A read is waited for by a client; a write is not, and may carry a body. */
const readTimeoutMsMin = 150;
const readTimeoutMsMax = 1_000;
const writeTimeoutMs = 5_000;

/** Redis refused a command because the key holds another type of value. */
export const wrongType = "WRONGTYPE";

/** The name of the error for whatever the database answered to a command that it did not run. */
const refusal = "UpstashError";

type Background = (work: () => Promise<void>) => void;

export class RedisClient {
  readonly #settings: RedisSettings;
  readonly #breaker: Breaker;
  /** Of writes that the database refuses while it answers reads. */
  readonly #writes: Breaker;
  readonly #readTimeoutMsMax: number;
  readonly #readBound: LatencyBound;

  constructor(settings: RedisSettings) {
    this.#settings = settings;
    this.#breaker = new Breaker(settings.pauseMsMax);
    this.#writes = new Breaker(settings.pauseMsMax);
    this.#readTimeoutMsMax = settings.readTimeoutMsMax ?? readTimeoutMsMax;
    this.#readBound = new LatencyBound({
      minMs: Math.min(readTimeoutMsMin, this.#readTimeoutMsMax),
      maxMs: this.#readTimeoutMsMax,
    });
  }

  get isShutOff(): boolean {
    return this.#breaker.isOpen;
  }

  /** It answers and is full, or its plan is used up: one write per pause is tried. */
  get refusesWrites(): boolean {
    return this.#writes.isOpen;
  }

  get readTimeoutMs(): number {
    return this.#readBound.timeoutMs;
  }

  /** One round trip that somebody waits for. Never rejects. */
  async read<T>(
    run: (redis: Redis) => Promise<T>,
    background: Background,
  ): Promise<RedisAnswer<T>> {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "probe") background(() => this.#probe());
    if (state !== "closed") return { kind: "unavailable", cause: "shut-off" };
    return this.#measured(run);
  }

  /** One round trip that is its own probe: while the database is shut off, one per pause is sent. */
  async attempt<T>(run: (redis: Redis) => Promise<T>): Promise<RedisAnswer<T>> {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "open") return { kind: "unavailable", cause: "shut-off" };
    return this.#measured(run);
  }

  /** One round trip that is sent whatever is known of the database. Never rejects. */
  async insist<T>(run: (redis: Redis) => Promise<T>): Promise<RedisAnswer<T>> {
    return this.#bounded(run, writeTimeoutMs);
  }

  async #measured<T>(run: (redis: Redis) => Promise<T>): Promise<RedisAnswer<T>> {
    const timeoutMs = this.#readBound.timeoutMs;
    const sentAtMs = this.#settings.nowAtMs();
    const answer = await this.#bounded(run, timeoutMs);
    const isTimeout = answer.kind === "unavailable" && answer.cause === "TimeoutError";
    if (answer.kind === "answered" || isTimeout) {
      this.#readBound.measured(isTimeout ? timeoutMs : this.#settings.nowAtMs() - sentAtMs);
    }
    // One key of a foreign type says nothing of the database.
    const isUp = answer.kind === "answered" || answer.cause === wrongType;
    if (isUp) this.#breaker.succeeded();
    else this.#breaker.failed(this.#settings.nowAtMs(), sentAtMs);
    return answer;
  }

  /**
   * What a full database refuses, in the background. Never rejects. While the database is shut off
   * nothing is sent; while it refuses writes one per pause is, as its own probe.
   *
   * @param timeoutMs less than usual where somebody waits for it after all
   */
  async write<T>(
    run: (redis: Redis) => Promise<T>,
    timeoutMs = writeTimeoutMs,
  ): Promise<RedisAnswer<T>> {
    if (this.#breaker.isOpen) return { kind: "unavailable", cause: "shut-off" };
    const state = this.#writes.ask(this.#settings.nowAtMs());
    if (state === "open") return { kind: "unavailable", cause: "writes-refused" };
    const answer = await this.#sent(run, timeoutMs);
    if (answer.kind === "answered") this.#writes.succeeded();
    else if (answer.cause === refusal) this.#writes.failed(this.#settings.nowAtMs());
    return answer;
  }

  /**
   * What a full database does not refuse, since it frees memory; in the background. Never rejects;
   * while the database is shut off, not sent.
   */
  async remove<T>(run: (redis: Redis) => Promise<T>): Promise<RedisAnswer<T>> {
    if (this.#breaker.isOpen) return { kind: "unavailable", cause: "shut-off" };
    return this.#sent(run, writeTimeoutMs);
  }

  async #sent<T>(run: (redis: Redis) => Promise<T>, timeoutMs: number): Promise<RedisAnswer<T>> {
    const sentAtMs = this.#settings.nowAtMs();
    const answer = await this.#bounded(run, timeoutMs);
    // A full database refuses writes and still answers reads: that alone does not shut it off.
    const isUp = answer.kind === "answered" || [refusal, wrongType].includes(answer.cause);
    if (!isUp) this.#breaker.failed(this.#settings.nowAtMs(), sentAtMs);
    return answer;
  }

  async #probe(): Promise<void> {
    const answer = await this.#bounded((redis) => redis.ping(), this.#readTimeoutMsMax);
    if (answer.kind === "answered") this.#breaker.succeeded();
    else this.#breaker.failed(this.#settings.nowAtMs());
  }

  async #bounded<T>(run: (redis: Redis) => Promise<T>, timeoutMs: number): Promise<RedisAnswer<T>> {
    try {
      return { kind: "answered", value: await run(this.#open(timeoutMs)) };
    } catch (cause) {
      return { kind: "unavailable", cause: isWrongType(cause) ? wrongType : errorName(cause) };
    }
  }

  /** A client per call: what it holds of a request's I/O must not be used in another. */
  #open(timeoutMs: number): Redis {
    return new Redis({
      url: this.#settings.url,
      token: this.#settings.token,
      signal: () => AbortSignal.timeout(timeoutMs),
      retry: { retries: 0 },
      automaticDeserialization: false,
      enableAutoPipelining: false,
      enableTelemetry: false,
      responseEncoding: false,
    });
  }
}

/** Of a command alone, or within a transaction, whose error quotes it. */
export function isWrongType(cause: unknown): boolean {
  return cause instanceof Error && /(?:^|failed: )WRONGTYPE/.test(cause.message);
}
