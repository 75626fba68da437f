// A Durable Object in this process. SQLite of Node stores its tables.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { SizedSql } from "../../src/stores/durable-object/counted-sql.ts";
import {
  type JournalState,
  type ObjectSocket,
  TidemarkJournal,
} from "../../src/stores/durable-object/tidemark-journal.ts";
import type { Sql } from "../../src/stores/durable-object/counted-sql.ts";
import type { ObjectStub } from "../../src/stores/durable-object/object-client.ts";

interface Started {
  fetch(request: Request): Promise<Response>;
  hintTo?(socket: ObjectSocket): void;
}

/** The Worker's end of a socket. Its object's end sends at once. */
export class FakeSocket extends EventTarget implements ObjectSocket {
  isClosed = false;
  readonly accept: () => void;

  constructor(accept: () => void) {
    super();
    this.accept = accept;
  }

  send(data: string): void {
    if (this.isClosed) throw new TypeError("Can't call WebSocket send() after close().");
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  close(): void {
    this.isClosed = true;
    this.dispatchEvent(new Event("close"));
  }
}

/** @typeParam Kind the class of the object; by default that of a journal */
export class FakeObject<Kind extends Started = TidemarkJournal> {
  readonly database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  readonly #make: (state: JournalState) => Kind;
  #object: Kind | undefined;
  isDown = false;

  /** Called before each call runs; may delay it or throw. */
  beforeCall: (call: string) => Promise<void> = () => Promise.resolve();
  /** Called before each reply arrives; may delay it or throw. */
  beforeReply: (call: string) => Promise<void> = () => Promise.resolve();
  /** The calls in order, such as `append`. */
  readonly calls: string[] = [];
  /** The sockets of listeners, which outlive the object in memory. */
  readonly sockets: FakeSocket[] = [];
  /** The statements that the object has run. */
  readonly statements: string[] = [];

  readonly stub: ObjectStub = {
    fetch: async (url, init) => {
      // A path may end with a version, which is no part of the call.
      const [call = ""] = new URL(url).pathname.slice(1).split(".");
      this.calls.push(call);
      if (this.isDown) throw new Error("Network connection lost.");
      await this.beforeCall(call);
      const reply =
        call === "hints" ? this.#listened() : await this.started.fetch(new Request(url, init));
      await this.beforeReply(call);
      return reply;
    },
  };

  /** A namespace of Durable Objects that has only this object. */
  readonly namespace = {
    idFromName: (name: string) => ({ toString: () => name }),
    get: () => this.stub,
  };

  constructor(make = (state: JournalState) => new TidemarkJournal(state) as unknown as Kind) {
    this.#make = make;
  }

  get started(): Kind {
    return (this.#object ??= this.#make(this.#state));
  }

  /** Returns an answer that Node cannot construct, because it has status 101. */
  #listened(): Response {
    const webSocket = new FakeSocket(() => this.started.hintTo?.(webSocket));
    return { status: 101, webSocket } as unknown as Response;
  }

  /** Ends the object. Its storage stays, and the next call starts the object again. */
  end(): void {
    this.#object = undefined;
  }

  /** Loses an entry, which a real object never does. */
  lose(position: string): void {
    const [ms = 0, sequence = 0] = position.split("-").map(Number);
    this.#rows("DELETE FROM entries WHERE ms = ? AND sequence = ?", ms, sequence);
  }

  readonly sql: SizedSql = this.#sizedSql();

  #sizedSql(): SizedSql {
    const usedBytes = () => this.#usedBytes;
    return {
      exec: (query, ...bindings) => {
        this.statements.push(query);
        const before = this.#changes;
        const rows = this.#rows(query, ...bindings);
        return { toArray: () => rows, rowsWritten: this.#changes - before };
      },
      get databaseSize() {
        return usedBytes();
      },
    };
  }

  /** The bytes of all pages that are in use, as Cloudflare counts them. */
  get #usedBytes(): number {
    const [row] = this.#rows(
      `SELECT page_size * (page_count - freelist_count) AS bytes
       FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    );
    return Number(row?.["bytes"]);
  }

  get #changes(): number {
    return Number(this.#rows("SELECT total_changes() AS changes")[0]?.["changes"]);
  }

  get #state(): JournalState {
    return {
      acceptWebSocket: (socket) => void this.sockets.push(socket as FakeSocket),
      getWebSockets: () => this.sockets.filter(({ isClosed }) => !isClosed),
      storage: {
        sql: this.sql,
        transactionSync: (work) => {
          this.database.exec("BEGIN");
          try {
            const result = work();
            this.database.exec("COMMIT");
            return result;
          } catch (cause) {
            // SQLite has already rolled back a transaction that found no space.
            if (this.database.isTransaction) this.database.exec("ROLLBACK");
            throw cause;
          }
        },
      },
    };
  }

  #rows(query: string, ...bindings: Parameters<Sql["exec"]>[1][]): Record<string, unknown>[] {
    let statement = this.#statements.get(query);
    if (statement === undefined) {
      statement = this.database.prepare(query);
      this.#statements.set(query, statement);
    }
    // Like workerd, which binds undefined as null.
    return statement.all(...bindings.map((value) => value ?? null));
  }
}
