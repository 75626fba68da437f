// The Durable Object of a journal, or of reports. Each namespace has one object of each kind, which
// serves all its isolates, and stores the journal or the reports in its SQLite database.
import { errorName } from "../../base/error-name.ts";
import { CountedSql, type ObjectState } from "./counted-sql.ts";
import { hintsPath, type JournalCall, type JournalCalls, unknownStatus } from "./journal-calls.ts";
import { journalSchema } from "./journal-schema.ts";
import { JournalTables } from "./journal-tables.ts";
import { openTables } from "./object-schema.ts";
import { ReportTables } from "./report-tables.ts";
import { SubscriberTable } from "./subscriber-table.ts";

/** The part of the state of a Durable Object that journals use. */
export interface JournalState extends ObjectState {
  /** Accepts a socket, which stays open while the object is out of memory. */
  acceptWebSocket(socket: ObjectSocket): void;
  getWebSockets(): readonly ObjectSocket[];
}

/** The object's end of a socket. */
export interface ObjectSocket {
  send(text: string): void;
}

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

/** The calls that may append an entry, so that listeners get a hint. */
const appending: ReadonlySet<JournalCall> = new Set(["append", "mark", "post"]);

/**
 * The class that a Worker with `durableObjectJournal` must export.
 *
 * @example export { TidemarkJournal } from "tidemark/cloudflare";
 */
export class TidemarkJournal {
  /** The mark of a Durable Object in the types of `wrangler types`. It has no value. */
  declare readonly __DURABLE_OBJECT_BRAND: never;
  readonly #state: JournalState;
  readonly #sql: CountedSql;
  readonly #tables: Tables;

  constructor(state: JournalState) {
    const { storage } = state;
    this.#state = state;
    this.#sql = new CountedSql(storage.sql);
    // The rows of a first start count for no call.
    storage.transactionSync(() => openTables(storage.sql, journalSchema));
    this.#tables = {
      journal: new JournalTables(this.#sql),
      subscribers: new SubscriberTable(this.#sql),
      reports: new ReportTables(this.#sql),
    };
  }

  /**
   * Answers one call. Only Workers of the account can send calls, by their binding.
   *
   * @returns 200 with the reply, 101 with a socket for hints, 404 for an unknown call, or 500 if the storage fails
   */
  async fetch(request: Request): Promise<Response> {
    const call = new URL(request.url).pathname.slice(1);
    if (call === hintsPath) {
      const { 0: socket, 1: own } = new WebSocketPair();
      this.hintTo(own);
      return new Response(null, { status: 101, webSocket: socket });
    }
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
    const reply = this.#state.storage.transactionSync(() => run(this.#tables, ask, atMs));
    if (appending.has(call)) this.#hint(this.#state.getWebSockets());
    return reply;
  }

  /** Sends hints to a socket. The object may leave the memory meanwhile, and is then not billed. */
  hintTo(socket: ObjectSocket): void {
    this.#state.acceptWebSocket(socket);
    // An entry may have come since the listener's last read.
    this.#hint([socket]);
  }

  #hint(sockets: readonly ObjectSocket[]): void {
    if (sockets.length === 0) return;
    const { last } = this.#tables.journal;
    if (last === undefined) return;
    for (const socket of sockets) {
      // A socket that has just closed refuses the message.
      try {
        socket.send(`${last.ms}-${last.sequence}`);
      } catch {}
    }
  }
}
