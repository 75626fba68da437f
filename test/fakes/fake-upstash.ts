// A stand-in for Upstash's REST interface inside the process, as far as the shared tier uses it:
// HGET, HMGET, SCAN, PING and a transaction of HSET and PEXPIRE, leases, and two streams: the purge
// journal and the hot keys.
// Expiry follows the test's clock.
// The protocol itself is tried against a real server elsewhere.
import type { FakeClock } from "./fake-clock.ts";
import { FakeStream } from "./fake-stream.ts";

type Command = readonly (string | number)[];

interface Hash {
  readonly fields: Map<string, string>;
  untilAtMs: number;
}

const databases = new Map<string, FakeUpstash>();

/** From here on `fetch` reaches these databases and nothing else. */
export function openNetworkOfFakes(): void {
  globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const database = databases.get(url.host);
    if (database === undefined) throw new Error(`A test asked ${url.host} over the network.`);
    return database.answer(url.pathname, JSON.parse(init?.body as string) as unknown);
  };
}

export class FakeUpstash {
  readonly url: string;
  readonly token = "shared-token";
  /** Those of the shared tier. */
  readonly commands: string[] = [];
  /** Those of the purge journal. */
  readonly journalCommands: string[] = [];
  /** Those about hot keys, whole. */
  readonly hotCommands: Command[] = [];
  readonly journal: FakeStream;
  readonly hot: FakeStream;
  /** The fields of each HSET. */
  readonly written: string[] = [];
  readonly #clock: FakeClock;
  readonly #hashes = new Map<string, Hash>();
  /** By key: the value, and until when it stands. */
  readonly leases = new Map<string, { value: string; untilAtMs: number }>();
  /** Those of leases; each look at one is three of them in one transaction. */
  readonly leaseCommands: string[] = [];
  /** `down`: no connection. `refuses`: every command is answered with an error. */
  mode: "works" | "down" | "refuses" = "works";
  /** What happens once between the next command of the shared tier and its answer. */
  afterNext: (() => Promise<void>) | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.journal = new FakeStream(clock);
    this.hot = new FakeStream(clock);
    const host = `database-${databases.size + 1}.invalid`;
    this.url = `https://${host}`;
    databases.set(host, this);
  }

  get env(): { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string } {
    return { UPSTASH_REDIS_REST_URL: this.url, UPSTASH_REDIS_REST_TOKEN: this.token };
  }

  get keys(): string[] {
    return [...this.#hashes.keys()];
  }

  /** Everything that is kept, as one text. */
  get text(): string {
    const texts = [...this.#hashes.values()].map(({ fields }) => Array.from(fields.values()));
    return texts.flat().join("\n");
  }

  async answer(path: string, body: unknown): Promise<Response> {
    if (this.mode === "down") throw new TypeError("No connection.");
    if (this.mode === "refuses") return Response.json({ error: "ERR refused" }, { status: 400 });
    if (path === "/multi-exec" || path === "/pipeline") {
      return Response.json((body as Command[]).map((one) => ({ result: this.#run(one) })));
    }
    const result = this.#run(body as Command);
    const { afterNext } = this;
    const isOfTier = /^HMGET$/i.test(String((body as Command)[0]));
    if (isOfTier && afterNext !== undefined) {
      this.afterNext = undefined;
      await afterNext();
    }
    return Response.json({ result });
  }

  #run(command: Command): unknown {
    const [name = "", key = "", ...rest] = command.map(String);
    const isHot = key.endsWith(":hot");
    if (isHot) this.hotCommands.push(command);
    else this.#commandsOf(name, key).push(name.toUpperCase());
    const stream = isHot ? this.hot : this.journal;
    const hash = this.#hash(key);
    switch (name.toUpperCase()) {
      case "SET":
        return key.includes(":lease:") ? this.#takeLease(key, rest) : "OK";
      case "GET":
        return this.#lease(key);
      case "EVAL":
        return this.#replaceLease(rest);
      case "XADD":
        return stream.add(rest);
      case "XRANGE":
        return stream.range(rest);
      case "XREVRANGE":
        return stream.reversed(rest);
      case "DEL":
        return Number(this.#hashes.delete(key));
      case "SCAN":
        return this.#page(Number(key), Number(rest[rest.indexOf("count") + 1]));
      case "PING":
        return "PONG";
      case "HGET":
        return hash?.fields.get(rest[0] ?? "") ?? null;
      case "HMGET":
        return rest.map((field) => hash?.fields.get(field) ?? null);
      case "HSET":
        return this.#set(key, rest);
      case "PEXPIRE":
        if (hash !== undefined) hash.untilAtMs = this.#clock.atMs + Number(rest[0]);
        return hash === undefined ? 0 : 1;
      default:
        throw new Error(`The stand-in has no ${name}.`);
    }
  }

  #commandsOf(name: string, key: string): string[] {
    if (key.includes(":lease:") || /^EVAL$/i.test(name)) return this.leaseCommands;
    return /^X|^SET$/i.test(name) ? this.journalCommands : this.commands;
  }

  #lease(key: string): string | null {
    const lease = this.leases.get(key);
    return lease !== undefined && this.#clock.atMs < lease.untilAtMs ? lease.value : null;
  }

  /** SET key value NX PX ms, in either order. */
  #takeLease(key: string, [value = "", ...options]: readonly string[]): "OK" | null {
    if (this.#lease(key) !== null) return null;
    const ms = Number(options.find((option) => /^\d+$/.test(option)));
    this.leases.set(key, { value, untilAtMs: this.#clock.atMs + ms });
    return "OK";
  }

  /** What the script does: only the holder replaces or deletes. */
  #replaceLease([, key = "", token, value = "", ms]: readonly string[]): number {
    if (this.#lease(key) !== token) return 0;
    if (value === "") this.leases.delete(key);
    else this.leases.set(key, { value, untilAtMs: this.#clock.atMs + Number(ms) });
    return 1;
  }

  /** Every key is of the shared tier, so nothing has to match; a COUNT is only a hint. */
  #page(from: number, count: number): [cursor: string, keys: string[]] {
    const to = from + count + 7;
    return [to < this.keys.length ? String(to) : "0", this.keys.slice(from, to)];
  }

  #hash(key: string): Hash | undefined {
    const hash = this.#hashes.get(key);
    if (hash !== undefined && this.#clock.atMs >= hash.untilAtMs) this.#hashes.delete(key);
    return this.#hashes.get(key);
  }

  #set(key: string, pairs: readonly string[]): number {
    this.written.push(pairs.filter((_, at) => at % 2 === 0).join(" "));
    const hash = this.#hash(key) ?? { fields: new Map<string, string>(), untilAtMs: Infinity };
    this.#hashes.set(key, hash);
    for (let at = 0; at < pairs.length; at += 2) {
      hash.fields.set(pairs[at] ?? "", pairs[at + 1] ?? "");
    }
    return pairs.length / 2;
  }
}
