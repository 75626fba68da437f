// One Redis database, by REST or over what carries the same: bounded in time, shut off while it is down.
import type { Redis } from "@upstash/redis/cloudflare";
import type { Trouble } from "../observe/condition.ts";
import { Breaker } from "./breaker.ts";
import {
  DatabaseCondition,
  type Of,
  causesWhileUp,
  refusalsOfWrites,
} from "./database-condition.ts";
import { LatencyBound } from "./latency-bound.ts";
import { openClient } from "./open-client.ts";
import type { RedisPurpose } from "./purpose.ts";
import type { RedisSettings } from "./redis-settings.ts";
import { RoundTrips } from "./round-trips.ts";
import { readTrouble, type RedisTrouble } from "./trouble.ts";

/** `shut-off`, `writes-refused`: it was not sent, because of what others met. */
export type RedisCause = RedisTrouble | "shut-off" | "writes-refused";

/** What one round trip came to. */
export type RedisAnswer<T> =
  | { kind: "answered"; value: T }
  | { kind: "unavailable"; cause: RedisCause };

/** A read is waited for by a client; a write is not, and may carry a body. */
const [readTimeoutMsMax, writeTimeoutMs] = [1_000, 5_000];

/** One round trip, by a client that is good for no other. */
type Run<T> = (redis: Redis) => Promise<T>;

/** What is sent, and what it is for. */
interface Trip<T> {
  readonly purpose: RedisPurpose;
  readonly run: Run<T>;
}

const pinging: Trip<unknown> = { purpose: "probe", run: (redis) => redis.ping() };

/** Its state lives as long as its isolate. No call of it rejects. */
export class RedisClient {
  readonly #settings: RedisSettings;
  readonly #breaker: Breaker;
  /** Of writes that the database refuses while it answers reads. */
  readonly #writes: Breaker;
  readonly #condition: DatabaseCondition;
  readonly #readBound: LatencyBound;
  /** Nothing but time-outs has come since a probe was answered: it tells nothing of reads. */
  #isProbeInDoubt = false;
  readonly #roundTrips: RoundTrips;

  constructor(settings: RedisSettings) {
    this.#settings = settings;
    this.#breaker = new Breaker(settings.pauseMsMax);
    this.#writes = new Breaker(settings.pauseMsMax);
    this.#condition = new DatabaseCondition(settings);
    this.#roundTrips = new RoundTrips(settings);
    this.#readBound = new LatencyBound(settings.readTimeoutMsMax ?? readTimeoutMsMax);
  }

  /** How its troubles are told; `undefined`: as those of Upstash's REST interface. */
  get words(): RedisSettings["words"] {
    return this.#settings.words;
  }

  /** Nothing but probes is sent to it now. */
  get isShutOff(): boolean {
    return this.#breaker.isOpen;
  }

  /** It answers reads and is full, or may only be read: one write per pause is tried. */
  get refusesWrites(): boolean {
    return this.#writes.isOpen;
  }

  /** The last that concerned more than writes. */
  get trouble(): Trouble<RedisTrouble> | undefined {
    return this.#condition.trouble;
  }

  /** The last of writes that failed while reads did not. */
  get troubleWithWrites(): Trouble<RedisTrouble> | undefined {
    return this.#condition.troubleWithWrites;
  }

  /** How long a read is waited for now. */
  get readTimeoutMs(): number {
    return this.#readBound.timeoutMs;
  }

  /** One round trip that somebody waits for. Never rejects. */
  async read<T>(
    purpose: RedisPurpose,
    run: Run<T>,
    background: (work: () => Promise<void>) => void,
  ): Promise<RedisAnswer<T>> {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "probe") {
      background(async () => void (await this.#probed(pinging, "reads")));
    }
    if (state !== "closed") return { kind: "unavailable", cause: "shut-off" };
    return this.#measured({ purpose, run }, "reads");
  }

  /**
   * One round trip that is its own probe: while the database is shut off, one per pause is sent.
   * Never rejects.
   *
   * @param of `writes`: a part of it is what a full database refuses, so an answer proves writes
   */
  async attempt<T>(purpose: RedisPurpose, run: Run<T>, of: Of = "reads"): Promise<RedisAnswer<T>> {
    const trip = { purpose, run };
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "open") return { kind: "unavailable", cause: "shut-off" };
    const answer = await (state === "probe" ? this.#probed(trip, of) : this.#measured(trip, of));
    if (answer.kind === "answered" && of === "writes") this.#condition.answered("writes");
    return answer;
  }

  /** One round trip that is sent whatever is known of the database. Never rejects. */
  async insist<T>(purpose: RedisPurpose, run: Run<T>, of: Of = "writes"): Promise<RedisAnswer<T>> {
    const answer = await this.#bounded({ purpose, run }, writeTimeoutMs, of);
    if (answer.kind === "answered" && of === "writes") this.#condition.answered("writes");
    return answer;
  }

  /**
   * One round trip for an operator, who can wait: for as long as the longest read, whatever latency was
   * learnt. While the database is shut off it is its own probe. Never rejects.
   */
  async look<T>(purpose: RedisPurpose, run: Run<T>): Promise<RedisAnswer<T>> {
    const trip = { purpose, run };
    const sentAtMs = this.#settings.nowAtMs();
    const state = this.#breaker.ask(sentAtMs);
    if (state === "open") return { kind: "unavailable", cause: "shut-off" };
    if (state === "probe") return this.#probed(trip, "reads");
    const answer = await this.#bounded(trip, this.#readBound.maxMs, "reads");
    this.#learn(answer, sentAtMs);
    return answer;
  }

  async #measured<T>(trip: Trip<T>, of: Of): Promise<RedisAnswer<T>> {
    const timeoutMs = this.#readBound.timeoutMs;
    const sentAtMs = this.#settings.nowAtMs();
    const answer = await this.#bounded(trip, timeoutMs, of);
    if (answer.kind === "answered") {
      this.#readBound.measured(this.#settings.nowAtMs() - sentAtMs);
      this.#isProbeInDoubt = false;
    } else if (answer.cause === "timeout") this.#readBound.measured(timeoutMs);
    this.#learn(answer, sentAtMs);
    return answer;
  }

  /** Waits for as long as may be, so that it measures a database which has become slower, too. */
  async #probed<T>(trip: Trip<T>, of: Of): Promise<RedisAnswer<T>> {
    const sentAtMs = this.#settings.nowAtMs();
    const answer = await this.#bounded(trip, this.#readBound.maxMs, of);
    if (answer.kind === "answered") {
      const tookMs = this.#settings.nowAtMs() - sentAtMs;
      if (!this.#isProbeInDoubt) this.#readBound.beganAnew(tookMs);
      this.#isProbeInDoubt = true;
    }
    this.#learn(answer, sentAtMs);
    return answer;
  }

  /** One key of a foreign type says nothing of the database. */
  #learn(answer: RedisAnswer<unknown>, sentAtMs: number): void {
    if (answer.kind === "answered") {
      this.#breaker.succeeded();
      this.#condition.answered("reads");
    } else if (answer.cause === "wrong-type") this.#breaker.succeeded();
    else if (answer.cause !== "too-large") this.#breaker.failed(this.#settings.nowAtMs(), sentAtMs);
    this.#tellBreakers();
  }

  #tellBreakers(): void {
    this.#condition.standsAt({ reads: this.isShutOff, writes: this.refusesWrites });
  }

  /** Is it not shut off? One caller per pause sends a probe first: who only writes finds out, too. */
  async answers(): Promise<boolean> {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "probe") await this.#probed(pinging, "reads");
    return !this.isShutOff;
  }

  /**
   * What a full database refuses, in the background. Never rejects. While the database is shut off it is
   * not sent, unless a probe before it is answered; while it refuses writes one per pause is its own probe.
   *
   * @param timeoutMs less than usual where a client waits for it after all: it then sends no probe
   */
  async write<T>(purpose: RedisPurpose, run: Run<T>, timeoutMs?: number): Promise<RedisAnswer<T>> {
    if (this.isShutOff && (timeoutMs !== undefined || !(await this.answers()))) {
      return { kind: "unavailable", cause: "shut-off" };
    }
    const state = this.#writes.ask(this.#settings.nowAtMs());
    if (state === "open") return { kind: "unavailable", cause: "writes-refused" };
    const answer = await this.#sent({ purpose, run }, timeoutMs ?? writeTimeoutMs);
    if (answer.kind === "answered") {
      this.#writes.succeeded();
      this.#condition.answered("writes");
    } else if (refusalsOfWrites.includes(answer.cause)) {
      this.#writes.failed(this.#settings.nowAtMs());
    }
    this.#tellBreakers();
    return answer;
  }

  /**
   * What a full database does not refuse, since it frees memory; in the background. Never rejects;
   * while the database is shut off, not sent.
   */
  async remove<T>(purpose: RedisPurpose, run: Run<T>): Promise<RedisAnswer<T>> {
    if (this.#breaker.isOpen) return { kind: "unavailable", cause: "shut-off" };
    return this.#sent({ purpose, run }, writeTimeoutMs);
  }

  async #sent<T>(trip: Trip<T>, timeoutMs: number): Promise<RedisAnswer<T>> {
    const sentAtMs = this.#settings.nowAtMs();
    const answer = await this.#bounded(trip, timeoutMs, "writes");
    const isUp = answer.kind === "answered" || causesWhileUp.includes(answer.cause);
    if (!isUp) this.#breaker.failed(this.#settings.nowAtMs(), sentAtMs);
    this.#tellBreakers();
    return answer;
  }

  async #bounded<T>(trip: Trip<T>, timeoutMs: number, of: Of): Promise<RedisAnswer<T>> {
    const answer = await this.#once(trip, timeoutMs, of);
    const { ballastKey: key } = this.#settings;
    if (key === undefined || answer.kind === "answered" || answer.cause !== "full") return answer;
    // A command by itself: a full database discards a transaction whole.
    const freed = await this.#once({ purpose: "room", run: (db) => db.del(key) }, timeoutMs, of);
    // Also where nothing lay there: another isolate may have just freed it.
    return freed.kind === "answered" ? this.#once(trip, timeoutMs, of) : answer;
  }

  async #once<T>({ purpose, run }: Trip<T>, timeoutMs: number, of: Of): Promise<RedisAnswer<T>> {
    try {
      const redis = this.#roundTrips.countedIn(openClient(this.#settings, timeoutMs), purpose);
      return { kind: "answered", value: await run(redis) };
    } catch (thrown) {
      const cause = readTrouble(thrown);
      this.#roundTrips.failed(cause);
      this.#condition.failed(cause, of);
      return { kind: "unavailable", cause };
    }
  }
}
