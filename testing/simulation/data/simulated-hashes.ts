// The hashes of the simulated database. Lagging replicas answer reads, the scripts of fields write,
// and a fail-over restores an earlier state.
import { raiseScript, setScript } from "../../../src/data/fields/hash-store.ts";
import { Redis } from "../../../src/remote/redis/redis.ts";
import type { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import type { SimulatedWorld } from "../journal-simulator.ts";

/** The state of one hash since a time. */
interface HashState {
  readonly sinceAtMs: number;
  /** Empty if there is no hash. */
  readonly texts: ReadonlyMap<string, string>;
  /** The expiry; infinity if the hash has none. */
  readonly untilAtMs: number;
}

const nothing: HashState = { sinceAtMs: -Infinity, texts: new Map(), untilAtMs: Infinity };

export class SimulatedHashes {
  readonly #world: SimulatedWorld;
  readonly #statesByKey = new Map<string, HashState[]>();

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  /** Returns a client for a HashStore, with the delays and faults of the given client. */
  over(redis: RedisClient): Pick<RedisClient, "read" | "write"> {
    const commands = new Redis(async (_form, sent) =>
      sent.map((one) => this.#ran(one.map(String))),
    );
    return {
      read: (purpose, work, afterAnswer) => redis.read(purpose, () => work(commands), afterAnswer),
      write: (purpose, work) => redis.write(purpose, () => work(commands)),
    };
  }

  /** Restores the state at an earlier time, as a fail-over does. */
  goBackTo(atMs: number): void {
    for (const states of this.#statesByKey.values()) {
      while ((states.at(-1)?.sinceAtMs ?? -Infinity) > atMs) states.pop();
    }
  }

  /** The keys of hashes that have no head, or that never expire. */
  get strays(): string[] {
    const keys = [...this.#statesByKey.keys()];
    return keys.filter((key) => {
      const { texts, untilAtMs } = this.#seenAt(key, this.#world.atMs);
      return texts.size > 0 && (!texts.has("head") || untilAtMs === Infinity);
    });
  }

  #seenAt(key: string, atMs: number): HashState {
    const state = this.#statesByKey.get(key)?.findLast(({ sinceAtMs }) => sinceAtMs <= atMs);
    return state !== undefined && this.#world.atMs < state.untilAtMs ? state : nothing;
  }

  #seenByReplica(key: string): HashState {
    const lagMs = this.#world.between(0, this.#world.settings.replicaLagMs);
    return this.#seenAt(key, this.#world.atMs - lagMs);
  }

  #ran([name, first = "", ...args]: readonly string[]): readonly unknown[] {
    if (name === "HGETALL") return [...this.#seenByReplica(first).texts].flat();
    if (name === "HMGET") {
      const { texts } = this.#seenByReplica(first);
      return args.map((field) => texts.get(field) ?? null);
    }
    const [count, key = ""] = args;
    const given = args.slice(1 + Number(count));
    const held = this.#seenAt(key, this.#world.atMs);
    const head = held.texts.get("head") ?? "";
    if (head !== given[0]) return ["changed", head];
    if (first === setScript) return this.#set(key, held, given);
    if (first === raiseScript) return this.#raised(key, held, given);
    throw new Error("This is not a command of fields.");
  }

  #set(key: string, held: HashState, given: readonly string[]): string[] {
    const [, head = "", keepMs = "", ...fields] = given;
    const texts = new Map(keepMs === "" ? held.texts : []);
    texts.set("head", head);
    for (let at = 0; at < fields.length; at += 2) texts.set(fields[at] ?? "", fields[at + 1] ?? "");
    const { atMs } = this.#world;
    this.#become(key, texts, keepMs === "" ? held.untilAtMs : atMs + Number(keepMs));
    return ["set", head];
  }

  #raised(key: string, held: HashState, [, name = "", by]: readonly string[]): string[] {
    const text = held.texts.get(name) ?? "";
    if (!/^-?\d+$/.test(text)) return ["no-number", ""];
    const value = String(Number(text) + Number(by));
    this.#become(key, new Map(held.texts).set(name, value), held.untilAtMs);
    return ["raised", value];
  }

  #become(key: string, texts: ReadonlyMap<string, string>, untilAtMs: number): void {
    const states = this.#statesByKey.get(key) ?? [];
    states.push({ sinceAtMs: this.#world.atMs, texts, untilAtMs });
    this.#statesByKey.set(key, states);
  }
}
