// A Worker with the objects of Tidemark, which report each statement that they run: its plan, and the
// rows that it reads.
import { TidemarkJournal, TidemarkRecords } from "../../../src/cloudflare.ts";
import type { SizedSql } from "../../../src/stores/durable-object/counted-sql.ts";
import type { JournalState } from "../../../src/stores/durable-object/tidemark-journal.ts";

interface ReadingSql extends SizedSql {
  exec(...given: Parameters<SizedSql["exec"]>): Cursor;
}
type Cursor = ReturnType<SizedSql["exec"]> & { readonly rowsRead: number };
interface State extends Omit<JournalState, "storage"> {
  readonly storage: Omit<JournalState["storage"], "sql"> & { readonly sql: ReadingSql };
}
interface Started {
  fetch(request: Request): Promise<Response>;
}

type Bindings = Parameters<SizedSql["exec"]> extends [string, ...infer Rest] ? Rest : never;

/** A statement that an object has run. */
export interface Told {
  readonly query: string;
  readonly plan: readonly string[];
  readonly rowsRead: number;
}

/** Cloudflare's limit, which the local runtime does not impose. */
const valueBytesMax = 2_000_000;

const lengthOf = (value: Bindings[number]) =>
  typeof value === "string" ? new TextEncoder().encode(value).length : 0;

class Reporting implements Started {
  readonly #state: State;
  readonly #start: () => Started;
  #object: Started;
  readonly #plans = new Map<string, readonly string[]>();
  readonly #ran: { readonly query: string; readonly cursor: Cursor }[] = [];

  constructor(state: State, make: (state: JournalState) => Started) {
    this.#state = state;
    const { storage } = state;
    const sql: SizedSql = {
      exec: (query, ...bindings) => {
        const isTooLong = bindings.some((value) => lengthOf(value) > valueBytesMax);
        if (isTooLong) throw new Error("string or blob too big");
        if (!this.#plans.has(query)) this.#plans.set(query, this.#planOf(query, bindings));
        const cursor = storage.sql.exec(query, ...bindings);
        this.#ran.push({ query, cursor });
        return cursor;
      },
      get databaseSize() {
        return storage.sql.databaseSize;
      },
    };
    this.#start = () =>
      make({
        storage: { sql, transactionSync: (work) => storage.transactionSync(work) },
        acceptWebSocket: (socket) => state.acceptWebSocket(socket),
        getWebSockets: () => state.getWebSockets(),
      });
    this.#object = this.#start();
  }

  /** Runs a statement of the test, restarts the object, reports its statements, or calls it. */
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/run") this.#state.storage.sql.exec(await request.text());
    else if (pathname === "/restart") this.#object = this.#start();
    else if (pathname !== "/statements") return this.#object.fetch(request);
    return Response.json(pathname === "/statements" ? this.#report() : []);
  }

  #report(): readonly Told[] {
    const ran = this.#ran.splice(0);
    return ran.map(({ query, cursor }) => {
      // A statement reads rows while its cursor is read.
      cursor.toArray();
      return { query, plan: this.#plans.get(query) ?? [], rowsRead: cursor.rowsRead };
    });
  }

  #planOf(query: string, bindings: Bindings): readonly string[] {
    if (query.startsWith("CREATE")) return [];
    const rows = this.#state.storage.sql.exec(`EXPLAIN QUERY PLAN ${query}`, ...bindings);
    return rows.toArray().map(({ detail }) => String(detail));
  }
}

export class Journal extends Reporting {
  constructor(state: State) {
    super(state, (inner) => new TidemarkJournal(inner));
  }
}

export class Records extends Reporting {
  constructor(state: State) {
    super(state, (inner) => new TidemarkRecords(inner));
  }
}

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): Started;
}

export default {
  /** Passes a request to the object that its first segment names. */
  fetch: async (request: Request, env: Readonly<Record<string, Namespace>>): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const [, name = "", size = "", call = ""] = pathname.split("/");
    const objects = env[name];
    if (objects === undefined) return new Response(null, { status: 404 });
    const object = objects.get(objects.idFromName(size));
    const body = await request.arrayBuffer();
    return object.fetch(new Request(`https://object/${call}`, { method: "POST", body }));
  },
};
