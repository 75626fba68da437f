// The database of a simulated world, as one isolate reaches it. Commands and replies take time, and
// replies may be lost. A lagging replica may answer reads of the journal, except in transactions
// that write. Implements only the commands of RedisJournal, RedisSwitch and SharedTier, without
// excluded ends of ranges (`(`).
import { unlessNewerScript } from "../../src/stores/redis/unless-newer.ts";
import { newestScript } from "../../src/stores/redis/journal/journal-pages.ts";
import { Seal } from "../../src/remote/redis/seal.ts";
import type { RedisClient } from "../../src/remote/redis/redis-client.ts";
import { runJournalScript, type ScriptedJournal } from "../fakes/journal-scripts-model.ts";
import { isSubscriberScript, runSubscriberScript } from "../fakes/subscriber-scripts-model.ts";
import { setUnlessNewer } from "../fakes/unless-newer-model.ts";
import type { SimulatedRecord, SimulatedWorld } from "./journal-simulator.ts";
import { newestOf, rangeOf, type StreamItem } from "./simulated-stream.ts";
import type { IsolateTrace } from "./traces/isolate-trace.ts";
import type { Trip } from "./traces/trace.ts";

const absent: SimulatedRecord = { text: "", untilAtMs: Infinity };

const unavailable = { kind: "unavailable", cause: "timeout" } as const;

/** A client in a simulated world shuts off nothing. */
export const simulatedHealth = { isShutOff: false, words: {} };

export class SimulatedRedis {
  readonly #world: SimulatedWorld;
  readonly #trace: IsolateTrace | undefined;
  /** The number of failed round trips. */
  failedCount = 0;

  constructor(world: SimulatedWorld, trace?: IsolateTrace) {
    this.#world = world;
    this.#trace = trace;
  }

  /** The client for the code under test. */
  get client(): RedisClient {
    const trip = <T>(purpose: string, run: (redis: unknown) => Promise<T>) =>
      this.#trip(run, this.#trace?.sent(purpose));
    const calls = { attempt: trip, insist: trip, read: trip, write: trip, remove: trip };
    const trips = { ...calls, seal: new Seal(), health: simulatedHealth };
    return trips as unknown as RedisClient;
  }

  async #trip<T>(run: (redis: unknown) => Promise<T>, trip: Trip | undefined) {
    const world = this.#world;
    const { wayMs, lostShare } = world.settings;
    await world.sleep(world.between(0, wayMs));
    if (world.isRedisDown) {
      this.failedCount += 1;
      trip?.missed();
      return unavailable;
    }
    const value = await run(new Commands(world, trip));
    await world.sleep(world.between(0, wayMs));
    if (world.draw() >= lostShare) {
      trip?.replied();
      return { kind: "answered", value } as const;
    }
    this.failedCount += 1;
    trip?.missed();
    world.tell(() => "  a reply of Redis is lost");
    return unavailable;
  }
}

/** Single commands. Each read of the journal may reach a different replica, with its own lag. */
class Commands {
  protected readonly world: SimulatedWorld;
  protected readonly trip: Trip | undefined;

  constructor(world: SimulatedWorld, trip?: Trip) {
    this.world = world;
    this.trip = trip;
  }

  multi(): Transaction {
    return new Transaction(this.world, this.trip);
  }

  protected items(): readonly StreamItem[] {
    const { stream, atMs, settings } = this.world;
    const seenAtMs = atMs - this.world.between(0, settings.replicaLagMs);
    const items = stream.seenAt(seenAtMs);
    this.trip?.served({ items, noted: stream.notedAt(seenAtMs) }, false);
    return items;
  }

  async xrange(_: string, from: string, to: string, count = Infinity): Promise<unknown> {
    return rangeOf(this.items(), { from, to, count });
  }

  async xrevrange(_: string, from: string, __: "-", count: number): Promise<unknown> {
    return newestOf(this.items(), { from, count });
  }

  /** Reads the switch's key. */
  async get(): Promise<string | null> {
    const lagMs = this.world.between(0, this.world.settings.replicaLagMs);
    return this.world.stream.heldAt(this.world.atMs - lagMs) || null;
  }

  /** Runs a script that only reads the journal or the book, atomically, perhaps on a replica. */
  async evalRo(script: string, _: readonly string[], args: readonly string[]): Promise<unknown> {
    if (script === newestScript) {
      return this.multi().xrevrange("", "+", "-", Number(args[0])).get().exec();
    }
    const [reply] = await this.multi().eval(script, _, args, "reads").exec();
    return reply;
  }

  /** Runs a script of the journal, or the one that writes a record, on the primary. */
  async eval(script: string, keys: readonly string[], given: readonly string[]): Promise<unknown> {
    const [key = ""] = keys;
    if (script === unlessNewerScript) {
      const set = setUnlessNewer(given, beginningOf(this.world, key, -1));
      return set === "newer" ? set : this.set(key, set[0] ?? "", { px: Number(set[2]) });
    }
    if (isSubscriberScript(script))
      return runSubscriberScript(script, given, this.world.subscribers);
    const { stream, trace } = this.world;
    if (trace !== undefined) trace.trip = this.trip;
    const reply = runJournalScript(script, given, scriptedOf(this.world, stream));
    if (trace !== undefined) trace.trip = undefined;
    if (this.trip?.hasAppended === false) this.trip.served(stream, true);
    return reply;
  }

  /**
   * Reads the beginning of a text. After a read of only a part, commands of other clients may run
   * before the next command of this round trip.
   */
  async getrange(key: string, _: 0, last: number): Promise<string> {
    const text = beginningOf(this.world, key, last);
    if (last !== -1) await this.world.sleep(this.world.between(0, this.world.settings.wayMs));
    return text;
  }

  async set(key: string, text: string, { px }: { px: number }): Promise<"OK"> {
    this.world.records.set(key, { text, untilAtMs: this.world.atMs + px });
    return "OK";
  }

  /** Creates a round trip whose commands run without others in between. */
  pipeline() {
    const queued: (() => Promise<unknown>)[] = [];
    const pipeline = {
      set: (...given: Parameters<Commands["set"]>) => {
        queued.push(() => this.set(...given));
        return pipeline;
      },
      eval: (...given: Parameters<Commands["eval"]>) => {
        queued.push(() => this.eval(...given));
        return pipeline;
      },
      exec: async () => {
        const answers: unknown[] = [];
        for (const run of queued) answers.push(await run());
        return answers;
      },
    };
    return pipeline;
  }

  async del(...keys: readonly string[]): Promise<number> {
    return keys.filter((key) => this.world.records.delete(key)).length;
  }
}

/** @param last the index of the last character; -1 for all */
function beginningOf({ records, atMs }: SimulatedWorld, key: string, last: number): string {
  const found = records.get(key);
  if (found === undefined || atMs >= found.untilAtMs) return "";
  return found.text.slice(0, last === -1 ? undefined : last + 1);
}

/** The server of a transaction. */
interface Server {
  readonly items: readonly StreamItem[];
  /** The items that the book notes. */
  readonly noted: readonly StreamItem[];
  /** The value of the switch's key; empty if absent. */
  readonly held: string;
}

/** Returns the journal of a server for a script. For a script that writes, pass the primary. */
function scriptedOf(world: SimulatedWorld, server: Server): ScriptedJournal {
  return {
    get count() {
      return server.items.length;
    },
    get held() {
      return server.held;
    },
    get noted() {
      return server.noted.map(({ fields }) => fields);
    },
    get last() {
      return server.items.at(-1)?.fields;
    },
    forgetNoted: () => world.stream.note([], world.atMs),
    append: (fields, kept, heldText) => world.append(fields, kept, heldText),
    since: (from, count) => rangeOf(server.items, { from, to: "+", count }),
    newest: (count) => newestOf(server.items, { from: "+", count }),
  };
}

/** An atomic transaction. If it only reads, a lagging replica runs it; otherwise the primary. */
class Transaction {
  readonly #world: SimulatedWorld;
  readonly #trip: Trip | undefined;
  readonly #queued: ((server: Server) => unknown)[] = [];
  #isWrite = false;

  constructor(world: SimulatedWorld, trip?: Trip) {
    this.#world = world;
    this.#trip = trip;
  }

  #with(work: (server: Server) => unknown): this {
    this.#queued.push(work);
    return this;
  }

  #writing(work: () => unknown): this {
    this.#isWrite = true;
    return this.#with(work);
  }

  set(): this {
    return this.#writing(() => "OK");
  }

  /** Reads the switch's key. */
  get(): this {
    return this.#with(({ held }) => held || null);
  }

  xrange(_: string, from: string, to: string, count = Infinity): this {
    return this.#with(({ items }) => rangeOf(items, { from, to, count }));
  }

  xrevrange(_: string, from: string, __: "-", count: number): this {
    return this.#with(({ items }) => newestOf(items, { from, count }));
  }

  /** Queues a script. A script that writes makes the transaction run on the primary. */
  eval(
    script: string,
    _: readonly string[],
    args: readonly string[],
    does: "reads" | "writes" = "writes",
  ): this {
    this.#isWrite ||= does === "writes";
    return this.#with((server) => runJournalScript(script, args, scriptedOf(this.#world, server)));
  }

  xlen(): this {
    return this.#with(({ items }) => items.length);
  }

  getrange(key: string, _: 0, last: number): this {
    return this.#with(() => beginningOf(this.#world, key, last));
  }

  setrange(key: string, _: 0, text: string): this {
    return this.#writing(() => {
      const { text: held, untilAtMs } = this.#world.records.get(key) ?? absent;
      this.#world.records.set(key, { text: text + held.slice(text.length), untilAtMs });
    });
  }

  pexpire(key: string, ms: number): this {
    return this.#writing(() => {
      const held = this.#world.records.get(key);
      if (held === undefined) return;
      this.#world.records.set(key, { ...held, untilAtMs: this.#world.atMs + ms });
    });
  }

  async exec(): Promise<unknown[]> {
    const { stream, settings, atMs } = this.#world;
    if (this.#isWrite) {
      this.#trip?.served(stream, true);
      return this.#queued.map((work) => work(stream));
    }
    const seenAtMs = atMs - this.#world.between(0, settings.replicaLagMs);
    const replica = {
      items: stream.seenAt(seenAtMs),
      noted: stream.notedAt(seenAtMs),
      held: stream.heldAt(seenAtMs),
    };
    this.#trip?.served(replica, false);
    return this.#queued.map((work) => work(replica));
  }
}
