// The newsroom's purges as rows of its own database: those to send, and what came of those sent.
import type { DatabaseSync } from "node:sqlite";
import type { OutboxEntry, OutboxStore } from "../../src/purger/outbox.ts";
import type { PurgeOrder } from "../../src/purger/message.ts";

/** The page that shows a change, and the version from which on it does. */
export interface ChangedPage {
  path: string;
  version: number;
}

export interface PurgeRecord extends ChangedPage {
  id: string;
  order: PurgeOrder;
  enqueuedAtMs: number;
  failedTries: number;
  /** `null` once it is accepted or refused. */
  nextTryAtMs: number | null;
  /** Of the last try that was not accepted. */
  why: string | null;
  /** With the next two `null` until it is accepted. */
  position: string | null;
  acceptedAtMs: number | null;
  visibleWithinSeconds: number | null;
  /** When a colo was first seen to show the change, by its name. */
  seenAtMs: Record<string, number>;
}

export interface PurgeOutbox {
  /** `add` returns the message's id. */
  store: OutboxStore<string>;
  setPage(id: string, page: ChangedPage): void;
  noteSighting(sighting: { id: string; colo: string; atMs: number }): void;
  /** Newest first. */
  newest(limit: number): PurgeRecord[];
  record(id: string): PurgeRecord | undefined;
  /** Makes a refused purge due again; nothing happens to another. */
  sendAgain(id: string): void;
}

export function createPurgeOutbox(database: DatabaseSync, nowAtMs: () => number): PurgeOutbox {
  const sql = prepareStatements(database);
  return {
    store: {
      add({ id, body }) {
        const atMs = nowAtMs();
        sql.add.run(id, body, atMs, atMs);
        return id;
      },
      due: (atMs, limit) => sql.due.all(atMs, limit) as unknown as OutboxEntry[],
      delivered(id, { position, visibleWithinSeconds }) {
        sql.delivered.run(position, nowAtMs(), visibleWithinSeconds, id);
      },
      failed(id, nextTryAtMs, why) {
        sql.failed.run(nextTryAtMs, why, id);
      },
      refused(id, why) {
        sql.refused.run(why, id);
      },
    },
    setPage(id, { path, version }) {
      sql.setPage.run(id, path, version);
    },
    noteSighting({ id, colo, atMs }) {
      sql.noteSighting.run(id, colo, atMs);
    },
    newest: (limit) => sql.newest.all(limit).map(recordOf),
    record: (id) => sql.record.all(id).map(recordOf)[0],
    sendAgain(id) {
      sql.sendAgain.run(nowAtMs(), id);
    },
  };
}

type Row = Record<string, unknown>;

function recordOf({ body, seen, ...row }: Row): PurgeRecord {
  const order = JSON.parse(String(body)) as PurgeOrder;
  const seenAtMs = JSON.parse(String(seen)) as Record<string, number>;
  return { ...(row as unknown as PurgeRecord), order, seenAtMs };
}

const recordColumns = `purge_outbox.id, body, enqueued_at_ms AS enqueuedAtMs,
  failed_tries AS failedTries, next_try_at_ms AS nextTryAtMs, why, position,
  accepted_at_ms AS acceptedAtMs, visible_within_seconds AS visibleWithinSeconds, path, version,
  (SELECT json_group_object(colo, seen_at_ms) FROM purge_sightings
    WHERE purge_sightings.purge_id = purge_outbox.id) AS seen`;
const fromOutbox = "FROM purge_outbox JOIN purge_pages ON purge_pages.purge_id = purge_outbox.id";

function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    add: prepare(`INSERT INTO purge_outbox (id, body, enqueued_at_ms, next_try_at_ms)
      VALUES (?, ?, ?, ?)`),
    due: prepare(`SELECT id, body, failed_tries AS failedTries FROM purge_outbox
      WHERE next_try_at_ms <= ? ORDER BY place LIMIT ?`),
    delivered: prepare(`UPDATE purge_outbox SET next_try_at_ms = NULL, why = NULL, position = ?,
      accepted_at_ms = ?, visible_within_seconds = ? WHERE id = ?`),
    failed: prepare(`UPDATE purge_outbox SET failed_tries = failed_tries + 1, next_try_at_ms = ?,
      why = ? WHERE id = ?`),
    refused: prepare(`UPDATE purge_outbox SET failed_tries = failed_tries + 1,
      next_try_at_ms = NULL, why = ? WHERE id = ?`),
    sendAgain: prepare(`UPDATE purge_outbox SET next_try_at_ms = ? WHERE id = ?
      AND next_try_at_ms IS NULL AND position IS NULL`),
    setPage: prepare("INSERT INTO purge_pages (purge_id, path, version) VALUES (?, ?, ?)"),
    noteSighting: prepare(`INSERT OR IGNORE INTO purge_sightings (purge_id, colo, seen_at_ms)
      VALUES (?, ?, ?)`),
    newest: prepare(`SELECT ${recordColumns} ${fromOutbox} ORDER BY place DESC LIMIT ?`),
    record: prepare(`SELECT ${recordColumns} ${fromOutbox} WHERE purge_outbox.id = ?`),
  };
}
