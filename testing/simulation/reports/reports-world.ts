// A database of reports for histories. The database may return to an earlier state.
import type { RemoteAnswer } from "../../../src/remote/remote-client.ts";
import { addAll, addTo, type Sums } from "../../../src/observe/sums.ts";
import { reportsIn } from "../../../src/observe/reports/report-entry.ts";
import { addScript, foldScript } from "../../../src/parts/operate/reports/redis-report-stream.ts";
import { type Command, Redis } from "../../../src/remote/redis/redis.ts";
import { StoreHealth } from "../../../src/remote/store-health.ts";
import type { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import { type FoldSteps, ReportKeys, type ReportState } from "../../fakes/report-keys.ts";
import { PartiesWorld, type Party, type Weather } from "../write-behind/parties-world.ts";

/** The expected totals: the sums of the accepted reports that the database has not lost. */
export interface Ledger {
  readonly sums: Sums;
  /** The `n` of each report in the sums. A repeated report does not count. */
  readonly ns: ReadonlySet<string>;
  /** The time in the ID of the first entry; `undefined` if there is none. */
  readonly startedAtMs: number | undefined;
}

/** Faults that a test may plant. Those of the fold are in `FoldSteps`. */
export interface Faults extends Partial<FoldSteps> {
  /** Whether a reader sends separate commands instead of a transaction. */
  readonly readsApart?: boolean;
  /** Whether a reading transaction may return an older state. */
  readonly readsReplica?: boolean;
  /** Whether the two writes of a fold are two steps. */
  readonly writesApart?: boolean;
  /** Whether a report is sent again if the reply is missing. */
  readonly retries?: boolean;
}

interface Moment {
  readonly state: ReportState;
  readonly ledger: Ledger;
}

const momentsMax = 30;
const nothing: Ledger = { sums: new Map(), ns: new Set(), startedAtMs: undefined };

/** No actor is killed, and no clock is wrong. */
const anyone: Party = { name: "an actor", aheadMs: 0, endsSilently: 0, isAlive: true };

export class ReportsWorld extends PartiesWorld {
  readonly keys: ReportKeys;
  ledger: Ledger = nothing;
  readonly #faults: Faults;
  #moments: Moment[] = [];

  constructor(seed: number, weather: Weather, faults: Faults) {
    super(seed, weather);
    this.#faults = faults;
    this.keys = new ReportKeys(() => this.atMs, faults);
  }

  /**
   * Creates the client of one actor.
   *
   * @param onRead receives the expected totals as of each read
   */
  client(onRead: (ledger: Ledger) => void): Pick<RedisClient, "attempt" | "health" | "insist"> {
    const redis = new Redis(async (form, commands) => {
      if (form === "multi-exec") return this.#transacted(commands, onRead);
      const [, script = "", count, ...rest] = commands[0]?.map(String) ?? [];
      return [await this.#evaluated(script, rest.slice(Number(count)))];
    });
    const once = async <T>(
      _: string,
      run: (redis: Redis) => Promise<T>,
    ): Promise<RemoteAnswer<T>> => {
      try {
        return { kind: "answered", value: await run(redis) };
      } catch {
        return { kind: "unavailable", cause: "timeout" };
      }
    };
    const nowAtMs = () => this.atMs;
    const health = new StoreHealth({ about: "Redis", event: "database", words: {}, nowAtMs });
    return { attempt: once, health, insist: once };
  }

  async #evaluated(script: string, given: readonly string[]): Promise<unknown> {
    if (script === foldScript && this.#faults.writesApart === true) {
      // A fail-over may restore the state between the two writes.
      this.keys.betweenWrites = () => this.#note();
    }
    const send = () => this.send(anyone, "a command", () => this.#ran(script, given));
    if (script !== addScript || this.#faults.retries !== true) return send();
    return send().catch(send);
  }

  #ran(script: string, given: readonly string[]): number {
    const value = this.keys.run(script, given);
    if (script === addScript && value >= 0) this.#accept();
    this.#note();
    return value;
  }

  /** @param commands those that read the state: the last one reads the stream */
  async #transacted(commands: readonly Command[], onRead: (ledger: Ledger) => void) {
    const count = Number(commands.at(-1)?.at(-1));
    const page = (state: ReportState) => state.items.slice(0, count);
    if (this.#faults.readsApart === true) {
      const held = await this.send(anyone, "a command", () => this.keys.state.totals);
      const [items, ledger] = await this.send(
        anyone,
        "a command",
        () => [page(this.keys.state), this.ledger] as const,
      );
      onRead(ledger);
      return ["OK", held, items];
    }
    const [state, ledger] = await this.send(
      anyone,
      "a command",
      () => [this.#stateForReading(), this.ledger] as const,
    );
    onRead(ledger);
    return ["OK", state.totals, page(state)];
  }

  #stateForReading(): ReportState {
    const isOld = this.#faults.readsReplica === true && this.isLucky(0.3);
    return isOld && this.#moments.length > 0 ? this.any(this.#moments).state : this.keys.state;
  }

  /** Adds the newest entry of the stream to the ledger. */
  #accept(): void {
    const item = this.keys.state.items.at(-1);
    const [standing] = reportsIn(item === undefined ? [] : [item]);
    const { ns } = this.ledger;
    if (standing?.report && ns.has(standing.n)) return;
    const sums = new Map(this.ledger.sums);
    if (standing?.report === undefined) addTo(sums, "reportsLost");
    else {
      addAll(sums, standing.report.sums);
      addTo(sums, `reports|${standing.report.colo}`);
    }
    const startedAtMs = this.ledger.startedAtMs ?? standing?.atMs;
    this.ledger = { sums, ns: new Set([...ns, standing?.n ?? ""]), startedAtMs };
  }

  /** Writes an entry that is not a report of this version. */
  writeForeign(): void {
    this.keys.add(
      this.any([
        ["v", "9", "n", "x", "d", "{}"],
        ["hello", "world"],
      ]),
    );
    this.#accept();
    this.#note();
  }

  #note(): void {
    this.#moments.push({ state: this.keys.state, ledger: this.ledger });
    if (this.#moments.length > momentsMax) this.#moments.shift();
  }

  /** Fails over to a server with an earlier state of both keys. */
  failOver(): void {
    if (this.#moments.length === 0) return;
    const at = Math.floor(this.draw() * this.#moments.length);
    const moment = this.#moments[at];
    if (moment === undefined) return;
    this.#moments.length = at + 1;
    this.keys.state = moment.state;
    this.ledger = moment.ledger;
    // The clock of the new server may be behind.
    if (this.isLucky(0.6)) this.time.atMs = Math.min(this.atMs, moment.state.last[0]);
  }

  /** Deletes the totals, like an eviction or an operator. Then only the stream's entries count. */
  evictTotals(): void {
    this.keys.state = { ...this.keys.state, totals: null };
    const { items } = this.keys.state;
    this.ledger = nothing;
    this.keys.state = { ...this.keys.state, items: [] };
    for (const item of items) {
      this.keys.state = { ...this.keys.state, items: [...this.keys.state.items, item] };
      this.#accept();
    }
    this.#moments = [];
    this.#note();
  }
}
