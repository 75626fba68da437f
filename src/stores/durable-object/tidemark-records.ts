// The Durable Object of a share of the records, which its SQLite database stores, and of their locks.
import { BoundedMap } from "../../base/bounded-map.ts";
import { errorName } from "../../base/error-name.ts";
import { isRenewal } from "../../cache/tiers/record-codec.ts";
import { CountedSql, type ObjectState } from "./counted-sql.ts";
import {
  briefBytesMax,
  callPath,
  framed,
  fullStatus,
  manyBytesMax,
  type ManyWrite,
  type RecordCall,
  type RecordCalls,
  unframed,
  type WithLimit,
} from "./framed-call.ts";
import { unknownStatus } from "./journal-calls.ts";
import type { Sql } from "./counted-sql.ts";
import { LockTable } from "./object-locks.ts";
import { RecordsRoom, type RowTimes } from "./records-room.ts";
import { type ObjectSchema, openTables } from "./object-schema.ts";
import { isNewer } from "./is-newer.ts";

/**
 * `until`: when the object drops the row, in epoch milliseconds by its clock. `noted` and `isAsked` state how
 * useful the row is (`records-room.ts`). No column has an index, because each write would also be billed for
 * the index.
 */
const recordsSchema: ObjectSchema = {
  version: 1,
  lost: [
    `CREATE TABLE records (
       key TEXT PRIMARY KEY, until INTEGER NOT NULL, noted INTEGER NOT NULL,
       isAsked INTEGER NOT NULL, head TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID`,
  ],
  kept: [],
};

/** A validated record stays in memory alone until its row is this old. */
const rowMsMax = 900_000;
/** An object without calls may end and lose its memory, so a call after this time writes a row. */
const idleMsMax = 10_000;
/** The size of the heads in memory. Objects of a site may share the memory of one isolate. */
const renewedBytesMax = 1_048_576;

/** The bytes to free once SQLite finds no space: twice the largest row. */
const freedBytes = 4_194_304;

type Reply<Call extends RecordCall> = RecordCalls[Call][1];
type Bytes = Uint8Array<ArrayBuffer>;
type Rows = readonly Readonly<Record<string, unknown>>[];

/**
 * The class that a Worker with `durableObjectRecords` must export.
 *
 * @example export { TidemarkRecords } from "tidemark/cloudflare";
 */
export class TidemarkRecords {
  /** The mark of a Durable Object in the types of `wrangler types`. It has no value. */
  declare readonly __DURABLE_OBJECT_BRAND: never;
  readonly #storage: ObjectState["storage"];
  readonly #sql: CountedSql;
  readonly #room: RecordsRoom;
  readonly #locks = new LockTable();
  /** The heads of validated records, newer than those of their rows. The body has not changed. */
  readonly #renewed = new BoundedMap<string>({
    sizeMax: renewedBytesMax,
    sizeOf: (head, key) => head.length + key.length,
    onRemoved: (head, key, why) => {
      if (why === "evicted") this.#rows(`UPDATE records SET head = ? WHERE key = ?`, head, key);
    },
  });
  #calledAtMs = -Infinity;

  constructor({ storage }: ObjectState) {
    this.#storage = storage;
    this.#sql = new CountedSql(storage.sql);
    this.#room = new RecordsRoom(this.#sql);
    // The rows of a first start count for no call.
    storage.transactionSync(() => openTables(storage.sql, recordsSchema));
  }

  /**
   * Answers one call. Only Workers of the account can send calls, by their binding.
   *
   * @returns 200 with the reply, 404 for a call of another version, 507 if the object is full, or 500
   *   if its storage fails
   */
  async fetch(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname.slice(1);
    return this.answer(path, await request.arrayBuffer(), Date.now());
  }

  /** Runs a call in one transaction, by the object's clock. */
  async answer(path: string, bytes: ArrayBuffer, atMs: number): Promise<Response> {
    const { message, body } = unframed(bytes);
    this.#room.limitBytes = (message as WithLimit).objectBytes ?? Infinity;
    try {
      const reply = this.#storage.transactionSync(() =>
        this.#reply(path, message as never, { body, atMs }),
      );
      if (reply === undefined) return new Response(null, { status: unknownStatus });
      this.#calledAtMs = atMs;
      const headers = this.#sql.takenFields();
      return new Response(await framed(reply.message, ...(reply.bodies ?? [])), { headers });
    } catch (cause) {
      const isFull = cause instanceof Error && /SQLITE_FULL|disk is full/.test(cause.message);
      if (isFull) this.#freeSpace(atMs);
      return Response.json({ error: errorName(cause) }, { status: isFull ? fullStatus : 500 });
    }
  }

  #reply(
    path: string,
    ask: never,
    { body, atMs }: { body: Bytes; atMs: number },
  ): { message: object; bodies?: readonly Bytes[] | undefined } | undefined {
    const [call = ""] = path.split(".");
    if (path !== callPath(call as RecordCall)) return undefined;
    switch (call) {
      case "read":
        return this.#read(ask, atMs);
      case "write":
        if (!this.#renew(ask, atMs)) this.#write(ask, body, atMs);
        return { message: { isFull: this.#room.isFull(atMs) } satisfies Reply<"write"> };
      case "readMany":
        return this.#readMany(ask, atMs);
      case "writeMany":
        return { message: this.#writeMany(ask, body, atMs) };
      case "remove":
        this.#rows(`DELETE FROM records WHERE key = ?`, (ask as { key: string }).key);
        return { message: {} };
      case "lock":
        return { message: this.#lock(ask, atMs) };
      case "replace":
        return { message: { isReplaced: this.#locks.replace(ask, atMs) } };
      default:
        return undefined;
    }
  }

  #read({ key, part, isPeek, seesExpired }: RecordCalls["read"][0], atMs: number) {
    const [row] = this.#rows(
      `SELECT noted, isAsked, head, CASE WHEN ? OR length(body) <= ? THEN body END AS body
       FROM records WHERE key = ? AND until > ?`,
      part === "whole" ? 1 : 0,
      briefBytesMax,
      key,
      seesExpired === true ? 0 : atMs,
    );
    if (row === undefined) return { message: {} satisfies Reply<"read"> };
    if (isPeek !== true) this.#room.note(key, row as unknown as RowTimes, atMs);
    const body = row["body"] === null ? undefined : new Uint8Array(row["body"] as ArrayBuffer);
    const message: Reply<"read"> = { head: this.#headOf(key, row), hasBody: body !== undefined };
    return { message, bodies: body && [body] };
  }

  #readMany({ keys }: RecordCalls["readMany"][0], atMs: number) {
    const records: { head?: string; bodyBytes: number }[] = [];
    const bodies: Bytes[] = [];
    let bytes = 0;
    for (const key of keys) {
      const query = "SELECT noted, isAsked, head, body FROM records WHERE key = ?";
      const [row] = this.#rows(query, key);
      if (row !== undefined) this.#room.note(key, row as unknown as RowTimes, atMs);
      const body = new Uint8Array((row?.["body"] as ArrayBuffer | undefined) ?? []);
      bytes += body.byteLength;
      if (bytes > manyBytesMax && records.length > 0) break;
      records.push({ ...(row && { head: this.#headOf(key, row) }), bodyBytes: body.byteLength });
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
      if (keepsHeld !== true) this.#write({ ...record, unless }, body, atMs);
      return keepsHeld === true;
    });
    return { areNewer, isFull: this.#room.isFull(atMs) };
  }

  /**
   * Keeps the head of a validated record in memory, because each row is billed. A restart loses it,
   * so that the record is validated once more. A tight object writes the row of the first validation,
   * because it drops rows that nobody requested again.
   *
   * @returns whether no row is to be written
   */
  #renew({ key, keepMs, head }: RecordCalls["write"][0], atMs: number): boolean {
    if (atMs - this.#calledAtMs > idleMsMax) return false;
    const [row] = this.#rows(
      `SELECT head FROM records WHERE key = ? AND isAsked >= ? AND until > ? AND noted > ?`,
      key,
      this.#room.isTight ? 1 : 0,
      atMs + keepMs / 2,
      atMs - rowMsMax,
    );
    if (row === undefined || !isRenewal(head, String(row["head"]))) return false;
    this.#renewed.set(key, head);
    return this.#renewed.has(key);
  }

  #headOf(key: string, row: Rows[number]): string {
    return this.#renewed.get(key) ?? String(row["head"]);
  }

  /** A replacement counts as a request, as does a `set`, whose value no load may be able to supply. */
  #write(
    { key, keepMs, head, unless }: RecordCalls["write"][0] & Pick<ManyWrite, "unless">,
    body: Bytes,
    atMs: number,
  ): void {
    this.#renewed.delete(key);
    this.#room.beforeWrite(key, head.length + body.byteLength, atMs);
    this.#rows(
      `INSERT INTO records (key, until, noted, isAsked, head, body) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET until = excluded.until, noted = excluded.noted, isAsked = 1,
         head = excluded.head, body = excluded.body`,
      key,
      atMs + keepMs,
      atMs,
      unless?.kind === "set" ? 1 : 0,
      head,
      body,
    );
  }

  /** Deletions succeed also in a full database. */
  #freeSpace(atMs: number): void {
    try {
      const bytesMax = this.#sql.databaseSize - freedBytes;
      this.#storage.transactionSync(() => this.#room.evict(bytesMax, atMs));
    } catch {
      // The caller reports the failed write.
    }
  }

  /** Takes the lock if it is free, and reads the record's head in the same step. */
  #lock(ask: RecordCalls["lock"][0], atMs: number): Reply<"lock"> {
    const query = `SELECT head FROM records WHERE key = ? AND until > ?`;
    const [row] = this.#rows(query, ask.record, atMs);
    const head = row && { head: this.#headOf(ask.record, row) };
    return { value: this.#locks.take(ask, atMs), ...head };
  }

  #rows(query: string, ...bindings: Parameters<Sql["exec"]>[1][]): Rows {
    return this.#sql.exec(query, ...bindings).toArray();
  }
}
