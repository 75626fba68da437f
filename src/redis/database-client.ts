// A client of one database, with timeouts and a circuit breaker. The database may be any store that
// answers single calls, such as Redis or a Durable Object.
import type { Trouble } from "../observe/condition.ts";
import { Breaker } from "./breaker.ts";
import {
  DatabaseCondition,
  type Of,
  causesWhileUp,
  refusalsOfWrites,
} from "./database-condition.ts";
import type {
  Call,
  DatabaseClientSettings,
  DatabaseHealth,
  RedisAnswer,
  Run,
  Way,
} from "./database-way.ts";
import { LatencyBound } from "./latency-bound.ts";
import type { RedisPurpose } from "./purpose.ts";
import type { RedisTrouble, TroubleWords } from "./trouble.ts";

/** Timeouts. A read delays a client. A write does not, and may carry a body. */
const [readTimeoutMsMax, writeTimeoutMs] = [1_000, 5_000];

/**
 * Lives as long as its isolate. No method rejects.
 *
 * @typeParam Handle sends the calls
 */
export class DatabaseClient<Handle> implements DatabaseHealth {
  readonly #settings: DatabaseClientSettings;
  readonly #way: Way<Handle>;
  readonly #breaker: Breaker;
  /** Opens when the database refuses writes but answers reads. */
  readonly #writes: Breaker;
  readonly #condition: DatabaseCondition;
  readonly #readBound: LatencyBound;
  /** Whether a probe was answered, but no read since. Further probes do not restart the bound. */
  #isProbeInDoubt = false;

  constructor(settings: DatabaseClientSettings, way: Way<Handle>) {
    this.#settings = settings;
    this.#way = way;
    this.#breaker = new Breaker(settings.pauseMsMax);
    this.#writes = new Breaker(settings.pauseMsMax);
    this.#condition = new DatabaseCondition(settings);
    this.#readBound = new LatencyBound(settings.readTimeoutMsMax ?? readTimeoutMsMax);
  }

  get words(): TroubleWords | undefined {
    return this.#settings.words;
  }

  get isShutOff(): boolean {
    return this.#breaker.isOpen;
  }

  get refusesWrites(): boolean {
    return this.#writes.isOpen;
  }

  get trouble(): Trouble<RedisTrouble> | undefined {
    return this.#condition.trouble;
  }

  get troubleWithWrites(): Trouble<RedisTrouble> | undefined {
    return this.#condition.troubleWithWrites;
  }

  /** The current timeout of reads, which adapts to their latency. */
  get readTimeoutMs(): number {
    return this.#readBound.timeoutMs;
  }

  /** Makes a round trip that a client waits for. Never rejects. */
  async read<T>(
    purpose: RedisPurpose,
    run: Run<Handle, T>,
    background: (work: () => Promise<void>) => void,
  ): Promise<RedisAnswer<T>> {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "probe") {
      background(
        async () => void (await this.#probed({ purpose: "probe", run: this.#way.ping }, "reads")),
      );
    }
    if (state !== "closed") return { kind: "unavailable", cause: "shut-off" };
    return this.#measured({ purpose, run }, "reads");
  }

  /**
   * Makes a round trip. While the database is shut off, sends one per pause, as a probe.
   *
   * @param of `writes` if the round trip has a command that a full database rejects. An answer then
   *   shows that the database accepts writes
   */
  async attempt<T>(
    purpose: RedisPurpose,
    run: Run<Handle, T>,
    of: Of = "reads",
  ): Promise<RedisAnswer<T>> {
    const trip = { purpose, run };
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "open") return { kind: "unavailable", cause: "shut-off" };
    const answer = await (state === "probe" ? this.#probed(trip, of) : this.#measured(trip, of));
    if (answer.kind === "answered" && of === "writes") this.#condition.answered("writes");
    return answer;
  }

  /** Makes a round trip with the timeout of writes, regardless of the breakers. Never rejects. */
  async insist<T>(
    purpose: RedisPurpose,
    run: Run<Handle, T>,
    of: Of = "writes",
  ): Promise<RedisAnswer<T>> {
    const answer = await this.#bounded({ purpose, run }, writeTimeoutMs, of);
    if (answer.kind === "answered" && of === "writes") this.#condition.answered("writes");
    return answer;
  }

  /**
   * Makes a round trip for an operator or in the background, with the maximum timeout of reads.
   * While the database is shut off, sends only one per pause, as a probe. Never rejects.
   */
  async look<T>(purpose: RedisPurpose, run: Run<Handle, T>): Promise<RedisAnswer<T>> {
    const trip = { purpose, run };
    const sentAtMs = this.#settings.nowAtMs();
    const state = this.#breaker.ask(sentAtMs);
    if (state === "open") return { kind: "unavailable", cause: "shut-off" };
    if (state === "probe") return this.#probed(trip, "reads");
    const answer = await this.#bounded(trip, this.#readBound.maxMs, "reads");
    this.#learn(answer, sentAtMs);
    return answer;
  }

  async #measured<T>(trip: Call<Handle, T>, of: Of): Promise<RedisAnswer<T>> {
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

  /** Probes with the maximum timeout, because the database may have become slower. */
  async #probed<T>(trip: Call<Handle, T>, of: Of): Promise<RedisAnswer<T>> {
    const sentAtMs = this.#settings.nowAtMs();
    const answer = await this.#bounded(trip, this.#readBound.maxMs, of);
    if (answer.kind === "answered") {
      const tookMs = this.#settings.nowAtMs() - sentAtMs;
      if (!this.#isProbeInDoubt) this.#readBound.restart(tookMs);
      this.#isProbeInDoubt = true;
    }
    this.#learn(answer, sentAtMs);
    return answer;
  }

  /** Updates breaker and condition. An error about a key's type shows that the database works. */
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

  /** Returns whether the database is up. One caller per pause probes it first. */
  async answers(): Promise<boolean> {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "probe") await this.#probed({ purpose: "probe", run: this.#way.ping }, "reads");
    return !this.isShutOff;
  }

  /**
   * Makes a write that a full database refuses. Never rejects. While the database is shut off,
   * sends the write only after a successful probe. While writes are refused, sends one per pause.
   *
   * @param timeoutMs for a write that a client waits for; such a write sends no probe
   */
  async write<T>(
    purpose: RedisPurpose,
    run: Run<Handle, T>,
    timeoutMs?: number,
  ): Promise<RedisAnswer<T>> {
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
   * Makes a write that frees memory, which even a full database accepts. Never rejects. Sends
   * nothing while the database is shut off.
   */
  async remove<T>(purpose: RedisPurpose, run: Run<Handle, T>): Promise<RedisAnswer<T>> {
    if (this.#breaker.isOpen) return { kind: "unavailable", cause: "shut-off" };
    return this.#sent({ purpose, run }, writeTimeoutMs);
  }

  async #sent<T>(trip: Call<Handle, T>, timeoutMs: number): Promise<RedisAnswer<T>> {
    const sentAtMs = this.#settings.nowAtMs();
    const answer = await this.#bounded(trip, timeoutMs, "writes");
    const isUp = answer.kind === "answered" || causesWhileUp.includes(answer.cause);
    if (!isUp) this.#breaker.failed(this.#settings.nowAtMs(), sentAtMs);
    this.#tellBreakers();
    return answer;
  }

  async #bounded<T>(trip: Call<Handle, T>, timeoutMs: number, of: Of): Promise<RedisAnswer<T>> {
    const answer = await this.#once(trip, timeoutMs, of);
    const { freeRoom } = this.#way;
    if (freeRoom === undefined || answer.kind === "answered" || answer.cause !== "full") {
      return answer;
    }
    // Not in a transaction, because a full database discards transactions.
    const freed = await this.#once({ purpose: "room", run: freeRoom }, timeoutMs, of);
    // Retry even if the ballast was gone, because another isolate may have just deleted it.
    return freed.kind === "answered" ? this.#once(trip, timeoutMs, of) : answer;
  }

  async #once<T>(call: Call<Handle, T>, timeoutMs: number, of: Of): Promise<RedisAnswer<T>> {
    try {
      const handle = this.#way.handleFor(call.purpose, timeoutMs);
      return { kind: "answered", value: await call.run(handle) };
    } catch (thrown) {
      const cause = this.#way.failed(thrown);
      this.#condition.failed(cause, of);
      return { kind: "unavailable", cause };
    }
  }
}
