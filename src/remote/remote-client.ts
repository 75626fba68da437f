// A client of one remote store that answers single calls, such as Redis or a Durable Object. Its
// timeouts adapt to the latency, and failures open the breaker of a store.
import { patiently } from "../base/timeouts.ts";
import { LatencyBound, pageWaitMsMin, readMsMax, writeMsMax } from "./latency-bound.ts";
import type { CallPurpose } from "./purpose.ts";
import {
  type Of,
  refusalsOfWrites,
  StoreHealth,
  type StoreHealthSettings,
} from "./store-health.ts";
import { ofInvocation, type RemoteCause, type RemoteTrouble } from "./trouble.ts";

/** The result of one round trip. */
export type RemoteAnswer<T> =
  | { kind: "answered"; value: T }
  | { kind: "unavailable"; cause: RemoteCause };

/** Makes one round trip over a handle for this call only. */
export type Run<Handle, T> = (handle: Handle) => Promise<T>;

interface Call<Handle, T> {
  readonly purpose: CallPurpose;
  readonly run: Run<Handle, T>;
  readonly of: Of;
}

/** One call on its way. A way with a queue adds what it knows about the queue (docs/internals/adr/0056). */
export interface Trip {
  readonly purpose: CallPurpose;
  readonly timeoutMs: number;
  readonly of: Of;
  /** When the call was made, or got its connection. */
  sentAtMs: number;
  /** The way runs it when the call has a connection. */
  onSent?: (() => void) | undefined;
  /** Returns whether the runtime may have queued the call behind the application's own requests. */
  hasQueued?: () => boolean;
  /** Notes a timeout. Returns whether it is the store's first one in the call's invocation. */
  isFirstTimeout?: (store: object) => boolean;
}

/** The way to a store. */
export interface Way<Handle> {
  /** Returns a handle whose calls reject after the timeout. */
  readonly handleFor: (trip: Trip) => Handle;
  readonly ping: Run<Handle, unknown>;
  /** Classifies and counts the error of a call. */
  readonly failed: (cause: unknown) => RemoteTrouble;
  /**
   * Deletes the ballast, because the store rejected a write as full. The write is then retried once.
   * Absent without ballast.
   */
  readonly freeRoom?: Run<Handle, unknown> | undefined;
}

export interface RemoteClientSettings extends Omit<StoreHealthSettings, "about" | "event"> {
  /** The maximum timeout of reads. Default: 1 s. */
  readonly readTimeoutMsMax?: number | undefined;
}

/** Learns from the answer to a call. */
type Learn = (answer: RemoteAnswer<unknown>, trip: Trip) => void;

const breakerOpen = { kind: "unavailable", cause: "breaker-open" } as const;

/**
 * Failures of writes that do not show that the store is down. They concern one command or
 * invocation, or a store that still answers reads.
 */
const causesWhileUp: readonly string[] = [
  "wrong-type",
  "too-large",
  ofInvocation,
  ...refusalsOfWrites,
];

/**
 * Lives as long as its isolate. No method rejects.
 *
 * @typeParam Handle sends the calls
 */
export class RemoteClient<Handle> {
  readonly health: StoreHealth;
  readonly #nowAtMs: () => number;
  readonly #way: Way<Handle>;
  readonly #readBound: LatencyBound;
  /** How long a page waits. Learns from answers alone, because a timeout would lengthen the wait for a silent store. */
  readonly #pageBound: LatencyBound;
  /** Whether a probe was answered, but no read since. Further probes do not restart the bound. */
  #isProbeInDoubt = false;

  constructor(settings: RemoteClientSettings, way: Way<Handle>) {
    this.health = new StoreHealth({ ...settings, about: "The database", event: "database" });
    this.#nowAtMs = settings.nowAtMs;
    this.#way = way;
    const msMax = settings.readTimeoutMsMax ?? readMsMax;
    this.#readBound = new LatencyBound(msMax);
    this.#pageBound = new LatencyBound(msMax, pageWaitMsMin);
  }

  get #bounds(): readonly LatencyBound[] {
    return [this.#readBound, this.#pageBound];
  }

  /** The current timeout of reads, which adapts to their latency. */
  get readTimeoutMs(): number {
    return this.#readBound.timeoutMs;
  }

  /**
   * Makes a round trip that a client waits for.
   *
   * @param wait `longest` for many keys, or if a load costs more than a wait: the maximum time-out. `page` if a load
   *   costs less than a wait: the wait ends sooner, but the call continues to its own time-out
   */
  read<T>(
    purpose: CallPurpose,
    run: Run<Handle, T>,
    background: (work: () => Promise<void>) => void,
    wait: "page" | "usual" | "longest" = "usual",
  ): Promise<RemoteAnswer<T>> {
    if (!this.health.mayBeAsked(() => this.#pinged(), background))
      return Promise.resolve(breakerOpen);
    const call = { purpose, run, of: "reads" } as const;
    if (wait === "longest") return this.#made(call, this.#readBound.maxMs, this.#learnt);
    return wait === "page" ? this.#forPage(call, background) : this.#measured(call);
  }

  async #forPage<T>(
    call: Call<Handle, T>,
    background: (work: () => Promise<void>) => void,
  ): Promise<RemoteAnswer<T>> {
    const sent = Promise.withResolvers<void>();
    const answering = this.#measured(call, sent.resolve);
    // The wait for a connection is not the store's.
    const waiting = sent.promise.then(() => patiently(answering, this.#pageBound.timeoutMs));
    const answer = await Promise.race([answering, waiting]);
    if (typeof answer !== "string") return answer;
    background(async () => void (await answering));
    return { kind: "unavailable", cause: "timeout" };
  }

  /**
   * Makes a round trip. While the breaker is open, sends one per pause, as a probe.
   *
   * @param of `writes` if the round trip has a command that a full store rejects. An answer then
   *   shows that the store accepts writes
   */
  async attempt<T>(
    purpose: CallPurpose,
    run: Run<Handle, T>,
    of: Of = "reads",
  ): Promise<RemoteAnswer<T>> {
    const call = { purpose, run, of };
    const state = this.health.ask();
    if (state === "open") return breakerOpen;
    const answer = await (state === "probe" ? this.#probed(call) : this.#measured(call));
    if (answer.kind === "answered" && of === "writes") this.health.answered("writes");
    return answer;
  }

  /**
   * Makes a round trip for an operator or in the background, with the maximum timeout of reads.
   * While the breaker is open, sends only one per pause, as a probe.
   */
  async look<T>(purpose: CallPurpose, run: Run<Handle, T>): Promise<RemoteAnswer<T>> {
    const call = { purpose, run, of: "reads" } as const;
    const state = this.health.ask();
    if (state === "open") return breakerOpen;
    if (state === "probe") return this.#probed(call);
    return this.#made(call, this.#readBound.maxMs, this.#learnt);
  }

  /** Makes a round trip with the timeout of writes, also while the breaker is open. */
  async insist<T>(
    purpose: CallPurpose,
    run: Run<Handle, T>,
    of: Of = "writes",
  ): Promise<RemoteAnswer<T>> {
    const answer = await this.#made({ purpose, run, of }, writeMsMax, () => undefined);
    if (answer.kind === "answered" && of === "writes") this.health.answered("writes");
    return answer;
  }

  /**
   * Makes a write that a full store refuses. While the breaker is open, sends the write only after
   * a successful probe. While writes are refused, sends one per pause.
   *
   * @param timeoutMs for a write that a client waits for; such a write sends no probe
   */
  async write<T>(
    purpose: CallPurpose,
    run: Run<Handle, T>,
    timeoutMs?: number,
  ): Promise<RemoteAnswer<T>> {
    const { health } = this;
    if (health.isBreakerOpen && (timeoutMs !== undefined || !(await this.answers())))
      return breakerOpen;
    if (health.askToWrite() === "open") return { kind: "unavailable", cause: "writes-refused" };
    const call = { purpose, run, of: "writes" } as const;
    const answer = await this.#made(call, timeoutMs ?? writeMsMax, this.#sent);
    if (answer.kind === "answered") {
      health.takesWrites(true);
      health.answered("writes");
    } else if (refusalsOfWrites.includes(answer.cause)) health.takesWrites(false);
    return answer;
  }

  /**
   * Makes a write that frees space, which even a full store accepts. Sends nothing while the breaker is open.
   */
  async remove<T>(purpose: CallPurpose, run: Run<Handle, T>): Promise<RemoteAnswer<T>> {
    if (this.health.isBreakerOpen) return breakerOpen;
    return this.#made({ purpose, run, of: "writes" }, writeMsMax, this.#sent);
  }

  /** Returns whether the store is up. One caller per pause probes it first. */
  async answers(): Promise<boolean> {
    if (this.health.ask() === "probe") await this.#pinged();
    return !this.health.isBreakerOpen;
  }

  #pinged(): Promise<RemoteAnswer<unknown>> {
    return this.#probed({ purpose: "probe", run: this.#way.ping, of: "reads" });
  }

  /** Makes a round trip with the timeout that adapts to the latency, and adapts it. */
  #measured<T>(call: Call<Handle, T>, onSent?: () => void): Promise<RemoteAnswer<T>> {
    const learn: Learn = (answer, trip) => {
      this.#learnt(answer, trip);
      if (answer.kind === "answered") {
        if (trip.hasQueued?.() !== true) {
          for (const bound of this.#bounds) bound.measured(this.#nowAtMs() - trip.sentAtMs);
        }
        this.#isProbeInDoubt = false;
      } else if (answer.cause === "timeout") this.#readBound.measured(trip.timeoutMs);
    };
    return this.#made(call, this.#readBound.timeoutMs, learn, onSent);
  }

  /** Probes with the maximum timeout, because the store may have become slower. */
  #probed<T>(call: Call<Handle, T>): Promise<RemoteAnswer<T>> {
    return this.#made(call, this.#readBound.maxMs, (answer, trip) => {
      this.#learnt(answer, trip);
      if (answer.kind !== "answered") return;
      if (!this.#isProbeInDoubt) {
        for (const bound of this.#bounds) bound.restart(this.#nowAtMs() - trip.sentAtMs);
      }
      this.#isProbeInDoubt = true;
    });
  }

  /** Learns from a read. An error about a key's type shows that the store works. */
  readonly #learnt: Learn = (answer, trip) => {
    if (answer.kind === "answered") {
      this.health.answered("reads");
      this.health.isUp();
    } else if (answer.cause === "wrong-type") this.health.isUp();
    else if (answer.cause !== "too-large") this.#failed(answer.cause, trip);
  };

  /** Learns from a write, which delays no client. Its answer does not show that reads are answered. */
  readonly #sent: Learn = (answer, trip) => {
    const isUp = answer.kind === "answered" || causesWhileUp.includes(answer.cause);
    if (!isUp) this.#failed(answer.cause, trip);
  };

  /** One invocation cannot open the breaker of the store by timeouts (docs/internals/adr/0056). */
  #failed(cause: RemoteCause, { sentAtMs, isFirstTimeout }: Trip): void {
    if (cause === ofInvocation) return;
    if (cause === "timeout" && isFirstTimeout?.(this) === false) return;
    this.health.isDown(sentAtMs);
  }

  /** Makes one round trip, and a second one if the store was full and now has room. */
  async #made<T>(
    { purpose, run, of }: Call<Handle, T>,
    timeoutMs: number,
    learn: Learn,
    onSent?: () => void,
  ): Promise<RemoteAnswer<T>> {
    const trip: Trip = { purpose, timeoutMs, of, sentAtMs: this.#nowAtMs(), onSent };
    const { freeRoom } = this.#way;
    let answer = await this.#tried(run, trip);
    if (answer.kind === "unavailable" && answer.cause === "full" && freeRoom !== undefined) {
      // Not in a transaction, because a full database discards transactions.
      const freed = await this.#tried(freeRoom, { ...trip, purpose: "room" });
      // Retry even if the ballast was gone, because another isolate may have just deleted it.
      if (freed.kind === "answered") answer = await this.#tried(run, trip);
    }
    learn(answer, trip);
    return answer;
  }

  async #tried<T>(run: Run<Handle, T>, trip: Trip): Promise<RemoteAnswer<T>> {
    try {
      return { kind: "answered", value: await run(this.#way.handleFor(trip)) };
    } catch (thrown) {
      const trouble = this.#way.failed(thrown);
      const isOfQueue = trouble === "timeout" && trip.hasQueued?.() === true;
      const cause = isOfQueue ? ofInvocation : trouble;
      this.health.failed(cause, trip.of);
      return { kind: "unavailable", cause };
    }
  }
}
