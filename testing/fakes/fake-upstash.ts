// A stand-in for Upstash's REST interface inside the process, as far as the shared tier uses it:
// SET, GETRANGE, MGET, SCAN, PING and a transaction of SETRANGE and PEXPIRE, leases, and two streams: the
// purge journal and the hot keys; and the keys of reports. Texts are ASCII, expiry follows the test's clock.
// The protocol itself is tried against a real server elsewhere.
import { firstMarkScript } from "../../src/stores/redis/journal/redis-mark.ts";
import { addDatabase, databaseAt } from "../databases.ts";
import type { FakeClock } from "./fake-clock.ts";
import { FakeStream, type StreamItem } from "./fake-stream.ts";
import { ReportKeys } from "./report-keys.ts";

type Command = readonly (string | number)[];

interface KeptRecord {
  text: string;
  untilAtMs: number;
}

/** All that lies in a database, as plain data. */
export interface KeptInDatabase {
  readonly records: readonly (readonly [key: string, Readonly<KeptRecord>])[];
  readonly leases: readonly (readonly [key: string, { value: string; untilAtMs: number }])[];
  readonly journal: readonly StreamItem[];
  readonly hot: readonly StreamItem[];
}

/** From here on `fetch` reaches these databases, servers on this machine, and nothing else. */
export function openNetworkOfFakes(): void {
  const onThisMachine = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const database = databaseAt(url.host);
    if (database === undefined && url.hostname === "127.0.0.1") return onThisMachine(input, init);
    if (database === undefined) throw new Error(`A test asked ${url.host} over the network.`);
    return database.answer(url.pathname, JSON.parse(init?.body as string) as unknown);
  };
}

export class FakeUpstash {
  readonly url: string;
  readonly token = "shared-token";
  /** Those of the shared tier. */
  readonly commands: string[] = [];
  /** Those about the room that is left: INFO, and the ballast. */
  readonly roomCommands: string[] = [];
  /** What INFO tells of memory; a bound of 0 is none. */
  memory = { usedBytes: 1_048_576, maxBytes: 0, policy: "noeviction" };
  hasBallast = false;
  /** Those of the purge journal. */
  readonly journalCommands: string[] = [];
  /** Those about hot keys, whole. */
  readonly hotCommands: Command[] = [];
  readonly journal: FakeStream;
  readonly hot: FakeStream;
  readonly reports: ReportKeys;
  /** What of a record each write was about. */
  readonly written: ("whole" | "metadata")[] = [];
  readonly #clock: FakeClock;
  readonly #records = new Map<string, KeptRecord>();
  /** By key: the value, and until when it stands. */
  readonly leases = new Map<string, { value: string; untilAtMs: number }>();
  /** Those of leases; each look at one is three of them in one transaction. */
  readonly leaseCommands: string[] = [];
  /** What the key of the purge switch holds; `null` where nothing was posted. */
  heldSwitch: string | null = null;
  /** What happens just before a post of the switch is written. */
  beforePost: () => void = () => undefined;
  /** `down`: no connection. `refuses`: every command is answered with an error, `refusal`. */
  mode: "works" | "down" | "refuses" = "works";
  refusal = { status: 400, error: "ERR refused" };
  refusedCount = 0;
  /** Over HTTP: a pipeline or a transaction is one. */
  requestCount = 0;
  /** Keys of others in the same database. */
  foreignKeyCount = 0;
  /** What happens once between the next command of the shared tier and its answer. */
  afterNext: (() => Promise<void>) | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.journal = new FakeStream(clock);
    this.hot = new FakeStream(clock);
    this.reports = new ReportKeys(clock.nowAtMs);
    this.url = `https://${addDatabase(this)}`;
  }

  get env(): { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string } {
    return { UPSTASH_REDIS_REST_URL: this.url, UPSTASH_REDIS_REST_TOKEN: this.token };
  }

  get keys(): string[] {
    return [...this.#records.keys()];
  }

  /** Everything that is kept, as one text. */
  get text(): string {
    return Array.from(this.#records.values(), ({ text }) => text).join("\n");
  }

  /** Changes everything that is kept, as another version of the code would have written it. */
  rewrite(change: (text: string) => string): void {
    for (const record of this.#records.values()) record.text = change(record.text);
  }

  get kept(): KeptInDatabase {
    const [journal, hot] = [this.journal, this.hot].map((stream) => stream.range(["-", "+"]));
    return structuredClone({
      records: [...this.#records],
      leases: [...this.leases],
      journal: journal ?? [],
      hot: hot ?? [],
    });
  }

  /** In the place of what it holds. */
  lay(kept: KeptInDatabase): void {
    this.#records.clear();
    this.leases.clear();
    const { records, leases, journal, hot } = structuredClone(kept);
    for (const [key, record] of records) this.#records.set(key, record);
    for (const [key, lease] of leases) this.leases.set(key, lease);
    this.journal.lay(journal);
    this.hot.lay(hot);
  }

  async answer(path: string, body: unknown): Promise<Response> {
    this.requestCount += 1;
    if (this.mode === "down") throw new TypeError("No connection.");
    if (this.mode === "refuses") {
      this.refusedCount += 1;
      const { status, error } = this.refusal;
      return Response.json({ error }, { status });
    }
    if (path === "/multi-exec" || path === "/pipeline") {
      return Response.json((body as Command[]).map((one) => ({ result: this.#run(one) })));
    }
    const result = this.#run(body as Command);
    const { afterNext } = this;
    const isOfTier = /^(?:GETRANGE|MGET)$/i.test(String((body as Command)[0]));
    if (isOfTier && afterNext !== undefined) {
      this.afterNext = undefined;
      await afterNext();
    }
    return Response.json({ result });
  }

  #run(command: Command): unknown {
    const [name = "", key = "", ...rest] = command.map(String);
    if (this.reports.isAbout(command)) return this.reports.answer(command);
    const isHot = key.endsWith(":hot");
    if (isHot) this.hotCommands.push(command);
    else this.#commandsOf(name, key).push(name.toUpperCase());
    const stream = isHot ? this.hot : this.journal;
    const held = this.#record(key);
    switch (name.toUpperCase()) {
      case "SET":
        if (/:[rd]:/.test(key)) return this.#set(key, rest);
        return /:(?:lease|dry-run):/.test(key) ? this.#takeLease(key, rest) : "OK";
      case "GET":
        return key.endsWith(":switch") ? this.heldSwitch : this.#lease(key);
      case "INFO":
        return this.#info();
      case "EVAL":
        if (rest[1]?.endsWith(":ballast") === true) return Number((this.hasBallast = true));
        if (key === firstMarkScript) return this.#markFirst(rest);
        return rest[2]?.endsWith(":switch") === true ? this.#post(rest) : this.#replaceLease(rest);
      case "EVAL_RO":
        return [stream.reversed(["+", "-", "COUNT", ...rest.slice(3)]), this.heldSwitch];
      case "XADD":
        return stream.add(rest);
      case "XLEN":
        return stream.length;
      case "XRANGE":
        return stream.range(rest);
      case "XREVRANGE":
        return stream.reversed(rest);
      case "DEL":
        if (key.endsWith(":ballast")) this.hasBallast = false;
        return [key, ...rest].filter((each) => this.#records.delete(each)).length;
      case "SCAN":
        return this.#page(Number(key), Number(rest[rest.indexOf("count") + 1]));
      case "PING":
        return "PONG";
      case "GETRANGE":
        return held?.text.slice(0, rest[1] === "-1" ? undefined : Number(rest[1]) + 1) ?? "";
      case "MGET":
        return [key, ...rest].map((each) => this.#record(each)?.text ?? null);
      case "SETRANGE":
        return this.#setRange(key, rest[1] ?? "");
      case "PEXPIRE":
        return this.#expire(held, Number(rest[0]), rest[1]);
      default:
        throw new Error(`The stand-in has no ${name}.`);
    }
  }

  #info(): string {
    const { usedBytes, maxBytes, policy } = this.memory;
    return [
      "# Memory",
      `used_memory:${usedBytes}`,
      `maxmemory:${maxBytes}`,
      `maxmemory_policy:${policy}`,
    ].join("\r\n");
  }

  /** PEXPIRE key ms, or with GT. */
  #expire(held: KeptRecord | undefined, ms: number, option: string | undefined): number {
    const untilAtMs = this.#clock.atMs + ms;
    const isLess = option === "GT" && held !== undefined && untilAtMs <= held.untilAtMs;
    if (held === undefined || isLess) return 0;
    held.untilAtMs = untilAtMs;
    return 1;
  }

  #commandsOf(name: string, key: string): string[] {
    if (/^INFO$/i.test(name) || key.endsWith(":ballast")) return this.roomCommands;
    if (key === firstMarkScript) return this.journalCommands;
    if (key.includes(":lease:") || /^EVAL$/i.test(name)) return this.leaseCommands;
    const isOfJournal = /^(?:X|EVAL_RO)/i.test(name) || /:(?:probe|switch)$/.test(key);
    return isOfJournal ? this.journalCommands : this.commands;
  }

  /** @param rest the number of keys, both, how many entries are read, and the fields of the mark */
  #markFirst([, , , count = "", ...fields]: readonly string[]): readonly unknown[] {
    if (this.journal.length === 0) this.journal.add(["*", ...fields]);
    return [this.journal.reversed(["+", "-", "COUNT", count]), this.heldSwitch];
  }

  /** What the script of a post does. @param rest the number of keys, both, and what the script is given */
  #post([, , , ...given]: readonly string[]): readonly string[] {
    this.beforePost();
    const [replaces = "", post = "", n = "", json = "", , ...fields] = given;
    const held = this.heldSwitch ?? "";
    if ((held.split(" ")[0] ?? "") !== replaces) return ["overtaken", held];
    const position = this.journal.add(["*", ...fields]);
    this.heldSwitch = [post, position, n, json].join(" ");
    return ["posted", position];
  }

  #lease(key: string): string | null {
    const lease = this.leases.get(key);
    return lease !== undefined && this.#clock.atMs < lease.untilAtMs ? lease.value : null;
  }

  /** SET key value PX ms, or with NX, in any order. */
  #takeLease(key: string, [value = "", ...options]: readonly string[]): "OK" | null {
    const isIfAbsent = options.some((option) => option.toUpperCase() === "NX");
    if (isIfAbsent && this.#lease(key) !== null) return null;
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

  /** Others' keys come first, and do not match; every other is the shared tier's. A COUNT is only a hint. */
  #page(from: number, count: number): [cursor: string, keys: string[]] {
    const to = from + count + 7;
    const { foreignKeyCount: foreign, keys } = this;
    const found = keys.slice(Math.max(0, from - foreign), Math.max(0, to - foreign));
    return [to < foreign + keys.length ? String(to) : "0", found];
  }

  #record(key: string): KeptRecord | undefined {
    const held = this.#records.get(key);
    if (held !== undefined && this.#clock.atMs >= held.untilAtMs) this.#records.delete(key);
    return this.#records.get(key);
  }

  /** SET key value PX ms, or with XX. */
  #set(key: string, [text = "", ...options]: readonly string[]): "OK" | null {
    const words = options.map((option) => option.toUpperCase());
    const ms = words[words.indexOf("PX") + 1];
    if (words.includes("XX") && this.#record(key) === undefined) return null;
    this.written.push("whole");
    this.#records.set(key, { text, untilAtMs: this.#clock.atMs + Number(ms) });
    return "OK";
  }

  /** From the beginning. */
  #setRange(key: string, text: string): number {
    this.written.push("metadata");
    const held = this.#record(key) ?? { text: "", untilAtMs: Infinity };
    held.text = text + held.text.slice(text.length);
    this.#records.set(key, held);
    return held.text.length;
  }
}
