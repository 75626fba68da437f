// The Durable Object of a share of the records and their leases, which its SQLite database stores.
import { errorName } from "../../base/error-name.ts";
import { CountedSql } from "./counted-sql.ts";
import {
  briefBytesMax,
  framed,
  fullStatus,
  manyBytesMax,
  type RecordCall,
  type RecordCalls,
  unframed,
} from "./framed-call.ts";
import type { ObjectState } from "./journal-object.ts";
import type { Sql } from "./last-purges.ts";
import { isNewer } from "./unless-newer.ts";

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
type Bytes = Uint8Array<ArrayBuffer>;
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
   * @returns 200 with the reply, 404 for an unknown call, 507 if the object is full, or 500 if its
   *   storage fails
   */
  async fetch(request: Request): Promise<Response> {
    const call = new URL(request.url).pathname.slice(1);
    return this.answer(call, await request.arrayBuffer(), Date.now());
  }

  /** Runs a call in one transaction, by the object's clock. */
  async answer(call: string, bytes: ArrayBuffer, atMs: number): Promise<Response> {
    const { message, body } = unframed(bytes);
    try {
      const reply = this.#storage.transactionSync(() =>
        this.#reply(call, message as never, { body, atMs }),
      );
      if (reply === undefined) return new Response(null, { status: 404 });
      const headers = this.#sql.takenFields();
      return new Response(await framed(reply.message, ...(reply.bodies ?? [])), { headers });
    } catch (cause) {
      const isFull = cause instanceof Error && /SQLITE_FULL|disk is full/.test(cause.message);
      if (isFull) this.#makeRoom(atMs);
      return Response.json({ error: errorName(cause) }, { status: isFull ? fullStatus : 500 });
    }
  }

  #reply(
    call: string,
    ask: never,
    { body, atMs }: { body: Bytes; atMs: number },
  ): { message: object; bodies?: readonly Bytes[] | undefined } | undefined {
    switch (call) {
      case "read":
        return this.#read(ask, atMs);
      case "write":
        this.#write(ask, body, atMs);
        return { message: {} };
      case "readMany":
        return this.#readMany(ask, atMs);
      case "writeMany":
        return { message: this.#writeMany(ask, body, atMs) };
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
    return { message, bodies: body && [body] };
  }

  #readMany({ keys }: RecordCalls["readMany"][0], atMs: number) {
    const records: { head?: string; bodyBytes: number }[] = [];
    const bodies: Bytes[] = [];
    let bytes = 0;
    for (const key of keys) {
      const query = `SELECT head, body FROM records WHERE key = ? AND until > ?`;
      const [row] = this.#rows(query, key, atMs);
      const body = new Uint8Array((row?.["body"] as ArrayBuffer | undefined) ?? []);
      bytes += body.byteLength;
      if (bytes > manyBytesMax && records.length > 0) break;
      records.push({ ...(row && { head: String(row["head"]) }), bodyBytes: body.byteLength });
      bodies.push(body);
    }
    return { message: { records } satisfies Reply<"readMany">, bodies };
  }

  /** Keeps a newer record even if it has expired: the written one is no better. */
  #writeMany(
    { records }: RecordCalls["writeMany"][0],
    bodies: Bytes,
    atMs: number,
  ): Reply<"writeMany"> {
    let at = 0;
    const areNewer = records.map(({ bodyBytes, unless, ...record }) => {
      const body = bodies.subarray(at, (at += bodyBytes));
      const [held] = unless ? this.#rows(`SELECT head FROM records WHERE key = ?`, record.key) : [];
      const keepsHeld = unless && held && isNewer(String(held["head"]), unless);
      if (keepsHeld !== true) this.#write(record, body, atMs);
      return keepsHeld === true;
    });
    return { areNewer };
  }

  #write({ key, keepMs, head }: RecordCalls["write"][0], body: Bytes, atMs: number): void {
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

  /** Sweeps a full object, which no write sweeps. Deletions succeed also in a full database. */
  #makeRoom(atMs: number): void {
    try {
      this.#storage.transactionSync(() => this.#sweep(atMs));
    } catch {
      // The caller reports the failed write.
    }
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
