// The Durable Object of a journal, or of reports. Each namespace has one object of each kind, which
// serves all its isolates, and stores the journal or the reports in its SQLite database.
import { errorName } from "../../base/error-name.ts";
import { CountedSql, type ObjectState } from "./counted-sql.ts";
import {
  type JournalCall,
  type JournalCalls,
  unknownStatus,
  type WaitAsk,
} from "./journal-calls.ts";
import { journalSteps } from "./journal-schema.ts";
import { JournalTables } from "./journal-tables.ts";
import { ReportTables } from "./report-tables.ts";
import { toLastStep } from "./schema-steps.ts";
import { SubscriberTable } from "./subscriber-table.ts";

interface Tables {
  readonly journal: JournalTables;
  readonly subscribers: SubscriberTable;
  readonly reports: ReportTables;
}

type Runs = {
  readonly [Call in JournalCall]: (
    tables: Tables,
    ask: JournalCalls[Call][0],
    atMs: number,
  ) => JournalCalls[Call][1];
};

const runs: Runs = {
  read: ({ journal }, ask) => journal.read(ask),
  check: ({ journal }, ask) => journal.check(ask),
  standing: ({ journal }, ask) => journal.standing(ask),
  append: ({ journal }, ask, atMs) => journal.append(ask, atMs),
  mark: ({ journal }, ask, atMs) => journal.mark(ask, atMs),
  post: ({ journal }, ask, atMs) => journal.post(ask, atMs),
  unpurged: ({ journal }, ask) => journal.unpurged(ask),
  epochs: ({ journal }, ask) => journal.epochs(ask),
  shown: ({ journal }, ask) => journal.shown(ask),
  extent: ({ journal }) => journal.extent(),
  states: ({ subscribers }, ask, atMs) => subscribers.states(ask, atMs),
  replaceState: ({ subscribers }, ask) => subscribers.replace(ask),
  report: ({ reports }, ask, atMs) => reports.add(ask, atMs),
  reports: ({ reports }, ask) => reports.state(ask),
  fold: ({ reports }, ask) => reports.fold(ask),
  addHotKeys: ({ reports }, ask, atMs) => reports.addHotKeys(ask, atMs),
  hotKeys: ({ reports }, _, atMs) => reports.hotKeys(atMs),
};

/** The calls that may append an entry, so that waiting calls learn of it. */
const appending: ReadonlySet<JournalCall> = new Set(["append", "mark", "post"]);

/** The longest wait of a call. The Worker that waits has 30 s after its answer. */
const waitMsMax = 30_000;

/**
 * The class that a Worker with `durableObjectJournal` must export.
 *
 * @example export { TidemarkJournal } from "tidemark/cloudflare";
 */
export class TidemarkJournal {
  readonly #storage: ObjectState["storage"];
  readonly #sql: CountedSql;
  readonly #tables: Tables;
  /** Tells each waiting call the last entry. */
  readonly #waiting = new Set<(last: string | undefined) => void>();

  constructor({ storage }: ObjectState) {
    this.#storage = storage;
    this.#sql = new CountedSql(storage.sql);
    // The rows of a first start count for no call.
    storage.transactionSync(() => toLastStep(storage.sql, journalSteps));
    this.#tables = {
      journal: new JournalTables(this.#sql),
      subscribers: new SubscriberTable(this.#sql),
      reports: new ReportTables(this.#sql),
    };
  }

  /**
   * Answers one call. Only Workers of the account can send calls, by their binding.
   *
   * @returns 200 with the reply, 404 for an unknown call, or 500 if the storage fails
   */
  async fetch(request: Request): Promise<Response> {
    const call = new URL(request.url).pathname.slice(1);
    if (call === "wait") return new Response(this.#wait(await request.json()));
    if (!Object.hasOwn(runs, call))
      return Response.json({ error: "unknown call" }, { status: unknownStatus });
    const ask = await request.json();
    try {
      const reply = this.reply(call as JournalCall, ask as never, Date.now());
      return Response.json(reply, { headers: this.#sql.takenFields() });
    } catch (cause) {
      return Response.json({ error: errorName(cause) }, { status: 500 });
    }
  }

  /** Runs a call in one transaction. Throws if the storage fails. */
  reply<Call extends JournalCall>(
    call: Call,
    ask: JournalCalls[Call][0],
    atMs: number,
  ): JournalCalls[Call][1] {
    const run: (...given: [Tables, typeof ask, number]) => JournalCalls[Call][1] = runs[call];
    const reply = this.#storage.transactionSync(() => run(this.#tables, ask, atMs));
    if (appending.has(call)) {
      const last = this.#last;
      for (const tell of this.#waiting) tell(last);
    }
    return reply;
  }

  get #last(): string | undefined {
    return this.#tables.journal.last?.n;
  }

  /**
   * Returns the body of a reply: whether there is another last entry. Other calls run meanwhile. The
   * runtime cancels the body of a caller that has left. The timer must end then, because Cloudflare
   * bills an object for as long as a timer is pending.
   */
  #wait({ end, ms }: WaitAsk): ReadableStream<Uint8Array> {
    let stop = () => {};
    return new ReadableStream({
      start: (body) => {
        const done = (isNews: boolean) => {
          stop();
          body.enqueue(new TextEncoder().encode(String(isNews)));
          body.close();
        };
        if (this.#last !== end) return done(true);
        const tell = (last: string | undefined) => last !== end && done(true);
        const timer = setTimeout(() => done(false), Math.min(ms, waitMsMax));
        this.#waiting.add(tell);
        stop = () => {
          clearTimeout(timer);
          this.#waiting.delete(tell);
        };
      },
      cancel: () => stop(),
    });
  }
}
