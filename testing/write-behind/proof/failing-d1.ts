// A D1 in workerd, behind a proxy that delays D1 batches or fails them, before or after the commit.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Colo, startColo } from "../../../local/colo.ts";
import { sinkSchema } from "../../../src/sinks.ts";
import type { Draws } from "../../draws.ts";
import { type Listening, listening } from "../../listening.ts";
import { keyOf, type SetName } from "./calls.ts";

const worker = `export default {
  async fetch(request, { DB }) {
    const sent = await request.json();
    const results = await DB.batch(sent.map(({ sql, values }) => DB.prepare(sql).bind(...values)));
    return Response.json(results.map((each) => each.results));
  },
};`;

/** The delay of held batches. A flush waits 30 s, so another flush may apply the slice first. */
const heldMs = [31_000, 36_000] as const;

type End = "committed" | "not committed";

/** The shares of D1 batches with each fault. A batch may have several. */
export interface BatchShares {
  /** Batches that get status 500, half of them after their commit. */
  readonly errorShare: number;
  /** Batches that are delayed by 0.5 to 4 s, before or after their commit. */
  readonly slowShare: number;
  /** Batches that reach D1 after their flush has stopped waiting. */
  readonly heldShare: number;
}

export class FailingD1 implements BatchShares {
  readonly errorShare: number;
  readonly slowShare: number;
  readonly heldShare: number;
  readonly batchCounts = { answered: 0, failedBefore: 0, failedAfter: 0, late: 0, held: 0 };
  /** The number of D1 batches in progress. */
  busyCount = 0;
  readonly #colo: Colo;
  readonly #folder: string;
  readonly #draws: Draws;
  readonly #doomed = new Map<string, (end: End) => void>();
  #listening: Listening | undefined;

  private constructor(colo: Colo, given: { folder: string; draws: Draws; shares: BatchShares }) {
    this.#colo = colo;
    this.#folder = given.folder;
    this.#draws = given.draws;
    this.errorShare = given.shares.errorShare;
    this.slowShare = given.shares.slowShare;
    this.heldShare = given.shares.heldShare;
  }

  static async start(draws: Draws, shares: BatchShares): Promise<FailingD1> {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-d1-"));
    const d1 = { binding: "DB", folder };
    const colo = await startColo({ name: "database", worker, port: 0, env: {}, d1 });
    const started = new FailingD1(colo, { folder, draws, shares });
    try {
      await colo.runSql(sinkSchema({ of: "sqlite" }).trim().split("\n"));
      const server = createServer((asked, answered) => void started.#answer(asked, answered));
      started.#listening = await listening(server);
      return started;
    } catch (cause) {
      await started.stop();
      throw cause;
    }
  }

  get url(): string {
    return this.#listening?.url ?? "";
  }

  /**
   * Drops the answer to the next batch of `place`, a colo or the process. Half of these batches are
   * committed. Resolves when the batch ends.
   */
  nextBatchOf(place: string): Promise<End> {
    const { promise, resolve } = Promise.withResolvers<End>();
    this.#doomed.set(place, resolve);
    return promise;
  }

  /** Reverts `nextBatchOf` if no batch has arrived. The promise then never settles. */
  spare(place: string): void {
    this.#doomed.delete(place);
  }

  /** Reads the totals, with 0 for missing keys. Causes no faults. */
  async totals(set: SetName, keyCount: number): Promise<Map<number, number>> {
    const sql = "SELECT key, value FROM tidemark_counters WHERE set_name = ?";
    const { text } = await this.#ask(JSON.stringify([{ sql, values: [set] }]));
    const [lines = []] = JSON.parse(text) as { key: string; value: number }[][];
    const held = new Map(lines.map(({ key, value }) => [key, value]));
    const keys = Array.from({ length: keyCount }, (_, key) => key);
    return new Map(keys.map((key) => [key, held.get(String(keyOf(key))) ?? 0]));
  }

  async stop(): Promise<void> {
    await this.#listening?.stop();
    await this.#colo.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answer(asked: IncomingMessage, answered: ServerResponse): Promise<void> {
    try {
      const body = Buffer.concat(await asked.toArray()).toString();
      const { pathname, searchParams } = new URL(asked.url ?? "/", this.url);
      const isBatch = pathname === "/batch";
      const answer = isBatch
        ? await this.#batch(body, searchParams.get("by") ?? "")
        : await this.#ask(body);
      if (answer === undefined) answered.destroy();
      else answered.writeHead(answer.status).end(answer.text);
    } catch {
      answered.destroy();
    }
  }

  async #batch(body: string, place: string) {
    this.busyCount += 1;
    try {
      const end = this.#doomed.get(place);
      if (end === undefined) return await this.#brokenNowAndThen(body);
      this.#doomed.delete(place);
      const isCommitted = this.#draws.isLucky(0.5);
      if (isCommitted) await this.#ask(body);
      end(isCommitted ? "committed" : "not committed");
      return undefined;
    } finally {
      this.busyCount -= 1;
    }
  }

  async #brokenNowAndThen(body: string) {
    const draws = this.#draws;
    const { batchCounts } = this;
    const [isHeld, isLate, isLateBefore] = [
      draws.isLucky(this.heldShare),
      draws.isLucky(this.slowShare),
      draws.isLucky(0.5),
    ];
    const [isFailing, isFailingBefore] = [draws.isLucky(this.errorShare), draws.isLucky(0.5)];
    const lateMs = draws.between(500, 4_000);
    if (isHeld) {
      batchCounts.held += 1;
      await delay(draws.between(...heldMs));
    }
    if (isLate) batchCounts.late += 1;
    if (isLate && isLateBefore) await delay(lateMs);
    if (isFailing) batchCounts[isFailingBefore ? "failedBefore" : "failedAfter"] += 1;
    if (isFailing && isFailingBefore) return failed;
    const answer = await this.#ask(body);
    if (isLate && !isLateBefore) await delay(lateMs);
    if (isFailing) return failed;
    batchCounts.answered += 1;
    return answer;
  }

  async #ask(body: string): Promise<{ status: number; text: string }> {
    const response = await fetch(this.#colo.url, { method: "POST", body });
    return { status: response.status, text: await response.text() };
  }
}

const failed = { status: 500, text: "" };
