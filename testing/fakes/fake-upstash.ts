// A fake of Upstash's REST interface in this process. Promised: the commands of the shared tier
// (SET, GETRANGE, MGET, SCAN, PING, a transaction of SETRANGE and PEXPIRE), leases, the streams of
// the purge journal and of hot keys, and the keys of reports. Texts are ASCII, and expiry follows
// the test's clock. Other suites test the protocol against a real server.
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

/** The content of a database, as plain data. */
export interface KeptInDatabase {
  readonly records: readonly (readonly [key: string, Readonly<KeptRecord>])[];
  readonly leases: readonly (readonly [key: string, { value: string; untilAtMs: number }])[];
  readonly journal: readonly StreamItem[];
  readonly hot: readonly StreamItem[];
}

/** Limits `fetch` to these databases and to servers on this machine. */
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
  /** The commands of the shared tier. */
  readonly commands: string[] = [];
  /** The commands about free memory: INFO, and the ballast. */
  readonly roomCommands: string[] = [];
  /** The memory that INFO reports; a maximum of 0 means none. */
  memory = { usedBytes: 1_048_576, maxBytes: 0, policy: "noeviction" };
  hasBallast = false;
  /** The commands of the purge journal. */
  readonly journalCommands: string[] = [];
  /** The commands about hot keys, with all arguments. */
  readonly hotCommands: Command[] = [];
  readonly journal: FakeStream;
  readonly hot: FakeStream;
  readonly reports: ReportKeys;
  /** The part of a record that each write changed. */
  readonly written: ("whole" | "metadata")[] = [];
  readonly #clock: FakeClock;
  readonly #records = new Map<string, KeptRecord>();
  /** The values of leases and their expiry, by key. */
  readonly leases = new Map<string, { value: string; untilAtMs: number }>();
  /** The commands of leases; each read of a lease is a transaction of three. */
  readonly leaseCommands: string[] = [];
  /** The value of the purge switch's key; `null` before the first post. */
  heldSwitch: string | null = null;
  /** Called just before a post of the switch is written. */
  beforePost: () => void = () => undefined;
  /** `down`: no connection. `refuses`: every command gets the error `refusal`. */
  mode: "works" | "down" | "refuses" = "works";
  refusal = { status: 400, error: "ERR refused" };
  refusedCount = 0;
  /** The number of HTTP requests; a pipeline or a transaction is one. */
  requestCount = 0;
  /** The number of keys of other applications in the database. */
  foreignKeyCount = 0;
  /** Called once between the next command of the shared tier and its answer. */
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

  /** All stored values as one string. */
  get text(): string {
    return Array.from(this.#records.values(), ({ text }) => text).join("\n");
  }

  /** Changes all stored values to the form of another version. */
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

  /** Replaces the content. */
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

  /** Runs PEXPIRE key ms, also with GT. */
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

  /** @param rest the number of keys, both keys, the count of entries, the mark's fields */
  #markFirst([, , , count = "", ...fields]: readonly string[]): readonly unknown[] {
    if (this.journal.length === 0) this.journal.add(["*", ...fields]);
    return [this.journal.reversed(["+", "-", "COUNT", count]), this.heldSwitch];
  }

  /** @param rest of a post: the number of keys, both keys, and the script's arguments */
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

  /** Runs SET key value PX ms, also with NX, in any order. */
  #takeLease(key: string, [value = "", ...options]: readonly string[]): "OK" | null {
    const isIfAbsent = options.some((option) => option.toUpperCase() === "NX");
    if (isIfAbsent && this.#lease(key) !== null) return null;
    const ms = Number(options.find((option) => /^\d+$/.test(option)));
    this.leases.set(key, { value, untilAtMs: this.#clock.atMs + ms });
    return "OK";
  }

  /** Runs the script by which only the holder replaces or deletes a lease. */
  #replaceLease([, key = "", token, value = "", ms]: readonly string[]): number {
    if (this.#lease(key) !== token) return 0;
    if (value === "") this.leases.delete(key);
    else this.leases.set(key, { value, untilAtMs: this.#clock.atMs + Number(ms) });
    return 1;
  }

  /** Returns a page of a SCAN: foreign keys first, which do not match. COUNT is only a hint. */
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

  /** Runs SET key value PX ms, also with XX. */
  #set(key: string, [text = "", ...options]: readonly string[]): "OK" | null {
    const words = options.map((option) => option.toUpperCase());
    const ms = words[words.indexOf("PX") + 1];
    if (words.includes("XX") && this.#record(key) === undefined) return null;
    this.written.push("whole");
    this.#records.set(key, { text, untilAtMs: this.#clock.atMs + Number(ms) });
    return "OK";
  }

  /** Runs SETRANGE at offset 0. */
  #setRange(key: string, text: string): number {
    this.written.push("metadata");
    const held = this.#record(key) ?? { text: "", untilAtMs: Infinity };
    held.text = text + held.text.slice(text.length);
    this.#records.set(key, held);
    return held.text.length;
  }
}
