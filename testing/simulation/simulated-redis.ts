// The database of a simulated world, as one isolate reaches it. Commands and replies take time, and
// replies may be lost. A lagging replica may answer reads of the journal, except in transactions
// that write. Implements only the commands of RedisJournal, RedisSwitch and SharedTier.
import { unlessNewerScript } from "../../src/stores/redis/write-unless-newer.ts";
import { checkScript, newestScript } from "../../src/stores/redis/journal/journal-pages.ts";
import { type Command, Redis, type Send } from "../../src/remote/redis/redis.ts";
import type { RedisClient } from "../../src/remote/redis/redis-client.ts";
import {
  epochTexts,
  nOf,
  runJournalScript,
  type ScriptedJournal,
} from "../fakes/journal-scripts-model.ts";
import { isSubscriberScript, runSubscriberScript } from "../fakes/subscriber-scripts-model.ts";
import { setUnlessNewer, storedUnlessNewer } from "../fakes/unless-newer-model.ts";
import type { SimulatedRecord, SimulatedWorld } from "./journal-simulator.ts";
import { newestOf, rangeOf, type StreamItem, type StreamServer } from "./simulated-stream.ts";
import type { IsolateTrace } from "./traces/isolate-trace.ts";
import type { Trip } from "./traces/trace.ts";

const absent: SimulatedRecord = { text: "", untilAtMs: Infinity };

const unavailable = { kind: "unavailable", cause: "timeout" } as const;

/** A client in a simulated world has no breaker. */
export const simulatedHealth = { isBreakerOpen: false, words: {} };

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
    const trip = <T>(purpose: string, run: (redis: Redis) => Promise<T>) =>
      this.#trip(run, this.#trace?.sent(purpose));
    const calls = {
      attempt: trip,
      look: trip,
      insist: trip,
      read: trip,
      readLonger: trip,
      write: trip,
      remove: trip,
    };
    const trips = { ...calls, health: simulatedHealth };
    return trips as unknown as RedisClient;
  }

  async #trip<T>(run: (redis: Redis) => Promise<T>, trip: Trip | undefined) {
    const world = this.#world;
    const { wayMs, lostShare } = world.settings;
    await world.sleep(world.between(0, wayMs));
    if (world.isRedisDown) {
      this.failedCount += 1;
      return unavailable;
    }
    const value = await run(new Redis(new Commands(world, trip).send));
    await world.sleep(world.between(0, wayMs));
    if (world.draw() >= lostShare) {
      trip?.replied();
      return { kind: "answered", value } as const;
    }
    this.failedCount += 1;
    world.tell(() => "  a reply of Redis is lost");
    return unavailable;
  }
}

/** The commands of one call. */
class Commands {
  readonly #world: SimulatedWorld;
  readonly #trip: Trip | undefined;

  constructor(world: SimulatedWorld, trip?: Trip) {
    this.#world = world;
    this.#trip = trip;
  }

  readonly send: Send = async (form, commands) => {
    if (form === "multi-exec") return this.#transacted(commands);
    // No other command runs between those of a pipeline.
    const replies: unknown[] = [];
    for (const command of commands) replies.push(await this.#ran(command));
    return replies;
  };

  /** Runs a command. Each read of the journal may reach a different replica, with its own lag. */
  async #ran(command: Command): Promise<unknown> {
    const [name = "", key = "", ...args] = command.map(String);
    const { records, atMs } = this.#world;
    switch (name) {
      case "XRANGE":
      case "XREVRANGE":
        return readIn(this.#items(), name, args);
      // The switch's key.
      case "GET":
        return this.#replica().held || null;
      case "HMGET":
        return this.#epochs(args);
      case "EVAL_RO":
        return this.#transacted([command])[0];
      case "EVAL":
        return this.#evaluatedOnPrimary(key, args);
      case "MGET":
        return [key, ...args].map((one) => beginningOf(this.#world, one, -1) || null);
      case "GETRANGE":
        return this.#beginning(key, Number(args[1]));
      case "SET":
        records.set(key, { text: args[0] ?? "", untilAtMs: atMs + Number(args[2]) });
        return "OK";
      case "DEL":
        return [key, ...args].filter((one) => records.delete(one)).length;
      default:
        throw new Error(`The simulated Redis has no command ${name}.`);
    }
  }

  /** Returns a replica with a lag of its own. */
  #replica(): StreamServer {
    const { stream, atMs, settings } = this.#world;
    return stream.at(atMs - this.#world.between(0, settings.replicaLagMs));
  }

  #items(): readonly StreamItem[] {
    const replica = this.#replica();
    this.#trip?.served(replica, false);
    return replica.items;
  }

  /** Reads epochs, perhaps on a replica. */
  #epochs(fields: readonly string[]): readonly (string | null)[] {
    const replica = this.#replica();
    if (this.#trip !== undefined) this.#trip.isOfEpochs = true;
    this.#trip?.served(replica, false);
    return epochsOf(this.#world, replica, fields);
  }

  /** Runs a script of the journal, or the one that writes a record. */
  #evaluatedOnPrimary(script: string, [count = "", ...rest]: readonly string[]): unknown {
    const given = rest.slice(Number(count));
    if (script === unlessNewerScript) {
      const store = (record: string, args: readonly string[], last: string | undefined) =>
        storedIn(this.#world, record, args, last);
      const last = nOf(this.#world.stream.items.at(-1)?.fields);
      return storedUnlessNewer([count, ...rest], store, last);
    }
    if (isSubscriberScript(script))
      return runSubscriberScript(script, given, {
        held: this.#world.subscribers,
        atMs: this.#world.atMs - this.#world.serverBehindMs,
      });
    const { stream, trace } = this.#world;
    if (trace !== undefined) trace.trip = this.#trip;
    const keys = rest.slice(0, Number(count));
    const reply = runJournalScript(script, given, scriptedOf(this.#world, stream), keys);
    if (trace !== undefined) trace.trip = undefined;
    if (this.#trip?.hasAppended === false) this.#trip.served(stream, true);
    return reply;
  }

  /**
   * Reads the beginning of a text. After a read of only a part, commands of other clients may run
   * before the next command of this call.
   */
  async #beginning(key: string, last: number): Promise<string> {
    const text = beginningOf(this.#world, key, last);
    if (last !== -1) await this.#world.sleep(this.#world.between(0, this.#world.settings.wayMs));
    return text;
  }

  /** Runs commands at one moment: on the primary if one of them writes, or else on a lagging replica. */
  #transacted(commands: readonly Command[]): unknown[] {
    const { stream } = this.#world;
    if (commands.some(([name]) => writes.includes(name))) {
      this.#trip?.served(stream, true);
      return commands.map((command) => this.#repliedBy(stream, command));
    }
    const replica = this.#replica();
    this.#trip?.served(replica, false);
    return commands.map((command) => this.#repliedBy(replica, command));
  }

  #repliedBy(server: StreamServer, command: Command): unknown {
    const [name = "", key = "", ...args] = command.map(String);
    const { records, atMs } = this.#world;
    switch (name) {
      // The probe.
      case "SET":
        return "OK";
      // The switch's key.
      case "GET":
        return server.held || null;
      case "XRANGE":
      case "XREVRANGE":
        return readIn(server.items, name, args);
      case "XLEN":
        return server.items.length;
      case "EVAL":
      case "EVAL_RO": {
        const given = args.slice(1 + Number(args[0]));
        // Both scripts also read epochs.
        if (this.#trip !== undefined && (key === newestScript || key === checkScript))
          this.#trip.isOfEpochs = this.#trip.isOfNewest = true;
        return runJournalScript(key, given, scriptedOf(this.#world, server));
      }
      case "GETRANGE":
        return beginningOf(this.#world, key, Number(args[1]));
      case "SETRANGE": {
        const { text: held, untilAtMs } = records.get(key) ?? absent;
        const text = args[1] ?? "";
        return records.set(key, { text: text + held.slice(text.length), untilAtMs });
      }
      case "PEXPIRE": {
        const held = records.get(key);
        if (held === undefined) return 0;
        return records.set(key, { ...held, untilAtMs: atMs + Number(args[0]) });
      }
      default:
        throw new Error(`The simulated Redis has no command ${name} in a transaction.`);
    }
  }
}

const writes: readonly string[] = ["SET", "EVAL", "SETRANGE", "PEXPIRE"];

/** @param args the ends of the range, then `COUNT` and a number, or nothing */
function readIn(
  items: readonly StreamItem[],
  name: "XRANGE" | "XREVRANGE",
  [from = "", to = "", , count = "Infinity"]: readonly string[],
): unknown {
  if (name === "XREVRANGE") return newestOf(items, { from, count: Number(count) });
  return rangeOf(items, { from, to, count: Number(count) });
}

/** @param last the index of the last character; -1 for all */
function beginningOf({ records, atMs }: SimulatedWorld, key: string, last: number): string {
  const found = records.get(key);
  if (found === undefined || atMs >= found.untilAtMs) return "";
  return found.text.slice(0, last === -1 ? undefined : last + 1);
}

/** Returns fields of the epochs of a server. Some may be absent or partial. */
function epochsOf(
  { harmedEpochs }: SimulatedWorld,
  server: StreamServer,
  fields: readonly string[],
): readonly (string | null)[] {
  const { lined } = server.lineages;
  const texts = epochTexts(
    fields,
    lined.map((item) => item.fields),
  );
  return texts.map((text, at) => {
    const harm = harmedEpochs.get(fields[at] ?? "");
    if (text === null || harm === undefined) return text;
    return harm === "absent" ? null : text.slice(0, text.length / 2);
  });
}

/** Returns the journal of a server for a script. For a script that writes, pass the primary. */
function scriptedOf(world: SimulatedWorld, server: StreamServer): ScriptedJournal {
  return {
    get count() {
      return server.items.length;
    },
    get held() {
      return server.held;
    },
    get lined() {
      return server.lineages.lined.map(({ fields }) => fields);
    },
    get unprovenBelow() {
      return server.lineages.unprovenBelow;
    },
    get last() {
      return server.items.at(-1)?.fields;
    },
    // The stream itself keeps the lineages.
    keepLined: () => undefined,
    append: (fields, kept, heldText) => world.append(fields, kept, heldText),
    epochs: (fields) => epochsOf(world, server, fields),
    since: (from, count) => rangeOf(server.items, { from, to: "+", count }),
    newest: (count) => newestOf(server.items, { from: "+", count }),
    store: (key, args, last) => storedIn(world, key, args, last),
    recordAt: (key) => beginningOf(world, key, -1),
  };
}

/** @param args `unlessNewerArgs` */
function storedIn(
  world: SimulatedWorld,
  key: string,
  args: readonly string[],
  last?: string,
): string {
  const set = setUnlessNewer(args, beginningOf(world, key, -1), last);
  if (typeof set === "string") return set;
  const [text = "", , px] = set;
  world.records.set(key, { text, untilAtMs: world.atMs + Number(px) });
  return "OK";
}
