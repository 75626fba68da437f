// A fake of Upstash's REST interface in this process. It supports the commands of the shared tier
// (SET, GETRANGE, MGET, SCAN, PING, a transaction of SETRANGE and PEXPIRE), locks, the streams of
// the purge journal and of hot keys, and the keys of reports. Texts must be ASCII. Keys expire by
// the test's clock. Other suites test the protocol against a real server.
import { unlessNewerScript } from "../../src/stores/redis/write-unless-newer.ts";
import { postScript } from "../../src/stores/redis/journal/redis-switch.ts";
import { addDatabase } from "../databases.ts";
import type { FakeClock } from "./fake-clock.ts";
import { FakeRecords, type KeptRecord } from "./fake-records.ts";
import type { StreamReply } from "../simulation/simulated-stream.ts";
import { FakeStream } from "./fake-stream.ts";
import {
  epochTexts,
  isJournalScript,
  nOf,
  runJournalScript,
  type ScriptedJournal,
} from "./journal-scripts-model.ts";
import { ReportKeys } from "./report-keys.ts";
import { isSubscriberScript, runSubscriberScript } from "./subscriber-scripts-model.ts";
import { setUnlessNewer, storedUnlessNewer } from "./unless-newer-model.ts";

export { openNetworkOfFakes } from "../databases.ts";

type Command = readonly (string | number)[];

/** The content of a database, as plain data. */
export interface KeptInDatabase {
  readonly records: readonly (readonly [key: string, Readonly<KeptRecord>])[];
  readonly locks: readonly (readonly [key: string, { value: string; untilAtMs: number }])[];
  readonly journal: readonly StreamReply[];
  readonly hot: readonly StreamReply[];
}

export class FakeUpstash {
  readonly url: string;
  readonly token = "shared-token";
  /** The commands of the shared tier. */
  readonly commands: string[] = [];
  /** The commands about free memory: INFO, and the commands for the ballast. */
  readonly roomCommands: string[] = [];
  /** The memory that INFO reports; a maximum of 0 means none. */
  memory: {
    usedBytes: number;
    maxBytes: number;
    policy: string;
    aofEnabled?: number;
  } = { usedBytes: 1_048_576, maxBytes: 0, policy: "noeviction" };
  hasBallast = false;
  /** The commands of the purge journal. */
  readonly journalCommands: string[] = [];
  /** The commands about hot keys, with all arguments. */
  readonly hotCommands: Command[] = [];
  readonly journal: FakeStream;
  readonly hot: FakeStream;
  readonly reports: ReportKeys;
  /** For each write of a record, the part that it changed. */
  readonly written: ("whole" | "metadata")[] = [];
  readonly #clock: FakeClock;
  readonly #records: FakeRecords;
  /** The values of locks and their expiry, by key. */
  readonly locks = new Map<string, { value: string; untilAtMs: number }>();
  /** The commands for locks. Each read of a lock is a transaction of three commands. */
  readonly lockCommands: string[] = [];
  /** The value of the purge switch's key; `null` before the first post. */
  heldSwitch: string | null = null;
  /** The value of the key with the entry of the newest release. */
  heldRelease: string | null = null;
  /** The secret of the names of records; `null` before an isolate has drawn it. */
  heldSecret: string | null = null;
  /** The commands for the secret. */
  readonly secretCommands: string[] = [];
  /** The states of the journal's subscribers. */
  readonly subscribers = new Map<string, string>();
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
  /** Called once, between the next read of the shared tier and its answer. */
  afterNext: (() => Promise<void>) | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.#records = new FakeRecords(clock);
    this.journal = new FakeStream(clock);
    this.hot = new FakeStream(clock);
    this.reports = new ReportKeys(clock.nowAtMs);
    this.url = `https://${addDatabase(this)}`;
  }

  get env(): { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string } {
    return { UPSTASH_REDIS_REST_URL: this.url, UPSTASH_REDIS_REST_TOKEN: this.token };
  }

  get keys(): string[] {
    return [...this.#records.kept.keys()];
  }

  /** Removes expired records, and the lists of the received commands. */
  forgetPast(): void {
    this.#records.removeExpired();
    const { commands, journalCommands, lockCommands, roomCommands, hotCommands, written } = this;
    const lists = [commands, journalCommands, lockCommands, roomCommands, hotCommands, written];
    for (const list of lists) list.length = 0;
  }

  /** All stored values as one string. */
  get text(): string {
    return Array.from(this.#records.kept.values(), ({ text }) => text).join("\n");
  }

  /** Changes all stored values, for example to the form of another version. */
  rewrite(change: (text: string) => string): void {
    for (const record of this.#records.kept.values()) record.text = change(record.text);
  }

  get kept(): KeptInDatabase {
    const [journal, hot] = [this.journal, this.hot].map((stream) => stream.range(["-", "+"]));
    return structuredClone({
      records: [...this.#records.kept],
      locks: [...this.locks],
      journal: journal ?? [],
      hot: hot ?? [],
    });
  }

  /** Replaces the content. */
  lay(kept: KeptInDatabase): void {
    this.#records.kept.clear();
    this.locks.clear();
    const { records, locks, journal, hot } = structuredClone(kept);
    for (const [key, record] of records) this.#records.kept.set(key, record);
    for (const [key, lock] of locks) this.locks.set(key, lock);
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
    if (key === unlessNewerScript) {
      const store = this.#setUnlessNewer.bind(this);
      return storedUnlessNewer(rest, store, nOf(this.#scripted.last));
    }
    const isHot = key.endsWith(":hot");
    if (isHot) this.hotCommands.push(command);
    else this.#commandsOf(name, key).push(name.toUpperCase());
    const stream = isHot ? this.hot : this.journal;
    switch (name.toUpperCase()) {
      case "SET":
        if (/:[rd]:/.test(key)) {
          const stored = this.#records.set(key, rest);
          if (stored === "OK") this.written.push("whole");
          return stored;
        }
        if (key.endsWith(":secret")) this.heldSecret ??= rest[0] ?? null;
        return /:(?:lock|dry-run):/.test(key) ? this.#takeLock(key, rest) : "OK";
      case "GET":
        if (key.endsWith(":secret")) return this.heldSecret;
        if (key.endsWith(":journal:released")) return this.heldRelease;
        return key.endsWith(":switch") ? this.heldSwitch : this.#lock(key);
      case "INFO":
        return this.#info();
      case "EVAL":
        if (isSubscriberScript(key))
          return runSubscriberScript(key, rest.slice(2), {
            held: this.subscribers,
            atMs: this.#clock.nowAtMs(),
          });
        if (rest[1]?.endsWith(":ballast") === true) return Number((this.hasBallast = true));
        return isJournalScript(key) ? this.#runOfJournal(key, rest) : this.#replaceLock(rest);
      case "EVAL_RO":
        return this.#runOfJournal(key, rest);
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
        return [key, ...rest].filter((each) => this.#records.kept.delete(each)).length;
      case "SCAN":
        return this.#records.page(
          Number(key),
          Number(rest[rest.indexOf("COUNT") + 1]),
          this.foreignKeyCount,
        );
      case "PING":
        return "PONG";
      case "GETRANGE":
        return (this.#records.get(key)?.text ?? "").slice(
          0,
          rest[1] === "-1" ? undefined : Number(rest[1]) + 1,
        );
      case "MGET":
        return key.endsWith(":switch")
          ? [this.heldSwitch, this.heldRelease]
          : [key, ...rest].map((each) => this.#records.get(each)?.text ?? null);
      case "HMGET":
        return epochTexts(rest, this.#scripted.lined);
      case "SETRANGE":
        this.written.push("metadata");
        return this.#records.setRange(key, rest[1] ?? "");
      case "PEXPIRE":
        return this.#records.expire(key, rest);
      default:
        throw new Error(`The fake has no command ${name}.`);
    }
  }

  #info(): string {
    const { usedBytes, maxBytes, policy, aofEnabled = 1 } = this.memory;
    return `# Server\r\nuptime_in_seconds:9000000\r\naof_enabled:${aofEnabled}\r\n# Memory\r\nused_memory:${usedBytes}\r\nmaxmemory:${maxBytes}\r\nmaxmemory_policy:${policy}`;
  }

  #commandsOf(name: string, key: string): string[] {
    if (key.endsWith(":secret")) return this.secretCommands;
    if (/^INFO$/i.test(name) || key.endsWith(":ballast")) return this.roomCommands;
    if (isJournalScript(key) || isSubscriberScript(key)) return this.journalCommands;
    if (key.includes(":lock:") || /^EVAL$/i.test(name)) return this.lockCommands;
    const isOfJournal =
      /^(?:X|EVAL_RO|HMGET)/i.test(name) || /:(?:probe|switch|released)$/.test(key);
    return isOfJournal ? this.journalCommands : this.commands;
  }

  #setUnlessNewer(record: string, args: readonly string[], last?: string): unknown {
    const set = setUnlessNewer(args, this.#records.get(record)?.text ?? "", last);
    return typeof set === "string" ? set : this.#run(["SET", record, ...set]);
  }

  /** @param rest the number of keys, the keys, and the script's arguments */
  #runOfJournal(script: string, [count = "", ...rest]: readonly string[]): unknown {
    if (script === postScript) this.beforePost();
    const keys = rest.slice(0, Number(count));
    return runJournalScript(script, rest.slice(Number(count)), this.#scripted, keys);
  }

  get #scripted(): ScriptedJournal {
    const { journal } = this;
    return {
      count: journal.length,
      held: this.heldSwitch ?? "",
      released: this.heldRelease,
      keepRelease: (text) => (this.heldRelease = text),
      lined: journal.fields,
      unprovenBelow: 0,
      // A script may append several entries.
      get last() {
        return journal.fields.at(-1);
      },
      keepLined: () => undefined,
      append: (fields, _, heldText) => {
        const id = journal.add(["*", ...fields]);
        if (heldText) this.heldSwitch = heldText(id);
        return id;
      },
      store: (key, args, last) => this.#setUnlessNewer(key, args, last),
      recordAt: (key) => this.#records.get(key)?.text,
      since: (position, most) => journal.range([position, "+", "COUNT", String(most)]),
      newest: (most) => journal.reversed(["+", "-", "COUNT", String(most)]),
    };
  }

  #lock(key: string): string | null {
    const lock = this.locks.get(key);
    return lock !== undefined && this.#clock.atMs < lock.untilAtMs ? lock.value : null;
  }

  /** Runs SET key value PX ms, also with NX, in any order. */
  #takeLock(key: string, [value = "", ...options]: readonly string[]): "OK" | null {
    const isIfAbsent = options.some((option) => option.toUpperCase() === "NX");
    if (isIfAbsent && this.#lock(key) !== null) return null;
    const ms = Number(options.find((option) => /^\d+$/.test(option)));
    this.locks.set(key, { value, untilAtMs: this.#clock.atMs + ms });
    return "OK";
  }

  /** Runs the script by which only the holder replaces or deletes a lock. */
  #replaceLock([, key = "", token, value = "", ms]: readonly string[]): number {
    if (this.#lock(key) !== token) return 0;
    if (value === "") this.locks.delete(key);
    else this.locks.set(key, { value, untilAtMs: this.#clock.atMs + Number(ms) });
    return 1;
  }
}
