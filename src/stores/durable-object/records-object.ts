// The Durable Object of a share of the records and their leases, which its SQLite database stores.
import { errorName } from "../../base/error-name.ts";
import { CountedSql } from "./counted-sql.ts";
import {
  briefBytesMax,
  framed,
  type RecordCall,
  type RecordCalls,
  unframed,
} from "./framed-call.ts";
import type { ObjectState } from "./journal-object.ts";
import type { Sql } from "./last-purges.ts";

/**
 * `until`: when the object drops the row, in epoch milliseconds by its clock. It has no index, because
 * each write would also be billed for the index.
 */
const schema = [
  `CREATE TABLE IF NOT EXISTS records (
     key TEXT PRIMARY KEY, until INTEGER NOT NULL, head TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS leases (
     key TEXT PRIMARY KEY, until INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID`,
];

/** The number of writes between two sweeps, and the rows that a sweep checks, in the order of keys. */
const [writesPerSweep, rowsPerSweep] = [64, 512];

type Reply<Call extends RecordCall> = RecordCalls[Call][1];
type Rows = readonly Readonly<Record<string, unknown>>[];

/**
 * The class that a Worker with `durableObjectRecords` must export.
 *
 * @example export { TidemarkRecords } from "tidemark/cloudflare";
 */
export class TidemarkRecords {
  readonly #storage: ObjectState["storage"];
  readonly #sql: CountedSql;
  #writes = 0;
  /** The last key that a sweep has checked; empty to start over. */
  #sweptTo = "";

  constructor({ storage }: ObjectState) {
    this.#storage = storage;
    this.#sql = new CountedSql(storage.sql);
    storage.transactionSync(() => schema.forEach((statement) => this.#sql.exec(statement)));
  }

  /**
   * Answers one call. Only Workers of the account can send calls, by their binding.
   *
   * @returns 200 with the reply, 404 for an unknown call, or 500 if the storage fails
   */
  async fetch(request: Request): Promise<Response> {
    const call = new URL(request.url).pathname.slice(1);
    const { message, body } = unframed(await request.arrayBuffer());
    try {
      const atMs = Date.now();
      const reply = this.#storage.transactionSync(() =>
        this.#reply(call, message as never, { body, atMs }),
      );
      if (reply === undefined) return new Response(null, { status: 404 });
      const headers = this.#sql.takenFields();
      return new Response(await framed(reply.message, reply.body), { headers });
    } catch (cause) {
      return Response.json({ error: errorName(cause) }, { status: 500 });
    }
  }

  #reply(
    call: string,
    ask: never,
    { body, atMs }: { body: Uint8Array<ArrayBuffer>; atMs: number },
  ): { message: object; body?: Uint8Array<ArrayBuffer> } | undefined {
    switch (call) {
      case "read":
        return this.#read(ask, atMs);
      case "write":
        this.#write(ask, body, atMs);
        return { message: {} };
      case "remove":
        this.#rows(`DELETE FROM records WHERE key = ?`, (ask as { key: string }).key);
        return { message: {} };
      case "lease":
        return { message: this.#lease(ask, atMs) };
      case "replace":
        return { message: this.#replace(ask, atMs) };
      default:
        return undefined;
    }
  }

  #read({ key, part }: RecordCalls["read"][0], atMs: number) {
    const [row] = this.#rows(
      `SELECT head, CASE WHEN ? OR length(body) <= ? THEN body END AS body
       FROM records WHERE key = ? AND until > ?`,
      part === "whole" ? 1 : 0,
      briefBytesMax,
      key,
      atMs,
    );
    if (row === undefined) return { message: {} satisfies Reply<"read"> };
    const body = row["body"] === null ? undefined : new Uint8Array(row["body"] as ArrayBuffer);
    const message: Reply<"read"> = { head: String(row["head"]), hasBody: body !== undefined };
    return { message, ...(body && { body }) };
  }

  #write(
    { key, keepMs, head }: RecordCalls["write"][0],
    body: Uint8Array<ArrayBuffer>,
    atMs: number,
  ): void {
    this.#rows(
      `INSERT INTO records (key, until, head, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET until = excluded.until, head = excluded.head, body = excluded.body`,
      key,
      atMs + keepMs,
      head,
      body,
    );
    this.#writes += 1;
    if (this.#writes % writesPerSweep === 0) this.#sweep(atMs);
  }

  /** Deletes the expired records among the next keys. The last sweep of a round starts over. */
  #sweep(atMs: number): void {
    const next = `SELECT key FROM records WHERE key > ? ORDER BY key LIMIT ${rowsPerSweep}`;
    const keys = this.#rows(next, this.#sweptTo).map((row) => String(row["key"]));
    const [first = "", last = ""] = [keys[0], keys.at(-1)];
    const expired = `DELETE FROM records WHERE key BETWEEN ? AND ? AND until <= ?`;
    this.#rows(expired, first, last, atMs);
    this.#sweptTo = keys.length < rowsPerSweep ? "" : last;
    this.#rows(`DELETE FROM leases WHERE until <= ?`, atMs);
  }

  /** Takes the lease if it is free, and reads the record's head in the same step. */
  #lease({ key, record, token, ms }: RecordCalls["lease"][0], atMs: number): Reply<"lease"> {
    const held = this.#held(key, atMs);
    if (held === undefined) this.#hold(key, token, atMs + ms);
    const [row] = this.#rows(`SELECT head FROM records WHERE key = ? AND until > ?`, record, atMs);
    const head = row && { head: String(row["head"]) };
    return { value: held ?? token, ...head };
  }

  /** Replaces the value of a lease. A call that is sent again changes nothing more. */
  #replace(
    { key, expected, value, ms }: RecordCalls["replace"][0],
    atMs: number,
  ): Reply<"replace"> {
    const held = this.#held(key, atMs);
    if (held !== expected) return { isReplaced: held !== undefined && held === value };
    if (value === "") this.#rows(`DELETE FROM leases WHERE key = ?`, key);
    else this.#hold(key, value, atMs + ms);
    return { isReplaced: true };
  }

  #held(key: string, atMs: number): string | undefined {
    const [row] = this.#rows(`SELECT value FROM leases WHERE key = ? AND until > ?`, key, atMs);
    return row && String(row["value"]);
  }

  #hold(key: string, value: string, until: number): void {
    const statement = `INSERT INTO leases (key, value, until) VALUES (?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until`;
    this.#rows(statement, key, value, until);
  }

  #rows(query: string, ...bindings: Parameters<Sql["exec"]>[1][]): Rows {
    return this.#sql.exec(query, ...bindings).toArray();
  }
}
