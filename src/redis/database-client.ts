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
  RedisCause,
  Run,
  Trip,
  Way,
} from "./database-way.ts";
import { LatencyBound } from "./latency-bound.ts";
import type { RedisPurpose } from "./purpose.ts";
import { ofInvocation, type RedisTrouble, type TroubleWords } from "./trouble.ts";

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
    const answer = await this.#bounded(run, this.#trip(purpose, writeTimeoutMs, of));
    if (answer.kind === "answered" && of === "writes") this.#condition.answered("writes");
    return answer;
  }

  /**
   * Makes a round trip for an operator or in the background, with the maximum timeout of reads.
   * While the database is shut off, sends only one per pause, as a probe. Never rejects.
   */
  async look<T>(purpose: RedisPurpose, run: Run<Handle, T>): Promise<RedisAnswer<T>> {
    const state = this.#breaker.ask(this.#settings.nowAtMs());
    if (state === "open") return { kind: "unavailable", cause: "shut-off" };
    if (state === "probe") return this.#probed({ purpose, run }, "reads");
    return this.#learnt(run, this.#trip(purpose, this.#readBound.maxMs, "reads"));
  }

  #trip(purpose: RedisPurpose, timeoutMs: number, of: Of): Trip {
    return { purpose, timeoutMs, of, sentAtMs: this.#settings.nowAtMs() };
  }

  /** Makes a round trip with the timeout that adapts to the latency, and adapts it. */
  async #measured<T>(call: Call<Handle, T>, of: Of): Promise<RedisAnswer<T>> {
    const trip = this.#trip(call.purpose, this.#readBound.timeoutMs, of);
    const answer = await this.#learnt(call.run, trip);
    if (answer.kind === "answered") {
      if (trip.hasQueued?.() !== true) this.#readBound.measured(this.#tookMs(trip));
      this.#isProbeInDoubt = false;
    } else if (answer.cause === "timeout") this.#readBound.measured(trip.timeoutMs);
    return answer;
  }

  /** Probes with the maximum timeout, because the database may have become slower. */
  async #probed<T>(call: Call<Handle, T>, of: Of): Promise<RedisAnswer<T>> {
    const trip = this.#trip(call.purpose, this.#readBound.maxMs, of);
    const answer = await this.#learnt(call.run, trip);
    if (answer.kind === "answered") {
      if (!this.#isProbeInDoubt) this.#readBound.restart(this.#tookMs(trip));
      this.#isProbeInDoubt = true;
    }
    return answer;
  }

  #tookMs({ sentAtMs }: Trip): number {
    return this.#settings.nowAtMs() - sentAtMs;
  }

  /** Updates breaker and condition. An error about a key's type shows that the database works. */
  async #learnt<T>(run: Run<Handle, T>, trip: Trip): Promise<RedisAnswer<T>> {
    const answer = await this.#bounded(run, trip);
    if (answer.kind === "answered") {
      this.#breaker.succeeded();
      this.#condition.answered("reads");
    } else if (answer.cause === "wrong-type") this.#breaker.succeeded();
    else if (answer.cause !== "too-large") this.#failed(answer.cause, trip);
    this.#tellBreakers();
    return answer;
  }

  /** Updates the breaker. One invocation cannot open it by timeouts (docs/adr/0056). */
  #failed(cause: RedisCause, { sentAtMs, isFirstTimeout }: Trip): void {
    if (cause === ofInvocation) return;
    if (cause === "timeout" && isFirstTimeout?.(this) === false) return;
    this.#breaker.failed(this.#settings.nowAtMs(), sentAtMs);
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

  async #sent<T>({ purpose, run }: Call<Handle, T>, timeoutMs: number): Promise<RedisAnswer<T>> {
    const trip = this.#trip(purpose, timeoutMs, "writes");
    const answer = await this.#bounded(run, trip);
    const isUp = answer.kind === "answered" || causesWhileUp.includes(answer.cause);
    if (!isUp) this.#failed(answer.cause, trip);
    this.#tellBreakers();
    return answer;
  }

  async #bounded<T>(run: Run<Handle, T>, trip: Trip): Promise<RedisAnswer<T>> {
    const answer = await this.#once(run, trip);
    const { freeRoom } = this.#way;
    if (freeRoom === undefined || answer.kind === "answered" || answer.cause !== "full") {
      return answer;
    }
    // Not in a transaction, because a full database discards transactions.
    const freed = await this.#once(freeRoom, { ...trip, purpose: "room" });
    // Retry even if the ballast was gone, because another isolate may have just deleted it.
    return freed.kind === "answered" ? this.#once(run, trip) : answer;
  }

  async #once<T>(run: Run<Handle, T>, trip: Trip): Promise<RedisAnswer<T>> {
    try {
      return { kind: "answered", value: await run(this.#way.handleFor(trip)) };
    } catch (thrown) {
      const trouble = this.#way.failed(thrown);
      const isOfQueue = trouble === "timeout" && trip.hasQueued?.() === true;
      const cause = isOfQueue ? ofInvocation : trouble;
      this.#condition.failed(cause, trip.of);
      return { kind: "unavailable", cause };
    }
  }
}
