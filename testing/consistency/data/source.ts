// The application's database over HTTP. The version of a row only grows, and the checker trusts
// these versions. The database delays a write before its commit, and an answer before it is sent.
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { startScriptedOrigin } from "../../fakes/scripted-origin.ts";
import type { Draws } from "../../draws.ts";
import { allKeys, viewsStep } from "./keys.ts";
import type { DataRecorder } from "./recorder.ts";

/** The share of writes that are committed, but not answered. */
const lostShare = 0.03;
/** An answer that takes longer gets a note of its own. */
const tellingMs = 100;
const firstId = "w0";

export class Source {
  /** The share of slow answers. */
  slowShare = 0;
  /**
   * The share of reads that fail, and of writes that are either rejected or not answered.
   */
  errorShare = 0;
  requestCount = 0;
  /** The longest time for an answer. */
  readonly answerMsMax: number;
  readonly #recorder: DataRecorder;
  readonly #draws: Draws;
  readonly #rows = new Map(allKeys.map(({ path }) => [path, { id: firstId, version: 1 }]));
  /** Versions by row and id. */
  readonly #versions = new Map(allKeys.map(({ path }) => [`${path} ${firstId}`, 1]));
  readonly #committedAtMs = new Map<string, number>();
  #ids = 0;
  #beginnings = 0;
  #underWay = 0;
  #server: Awaited<ReturnType<typeof startScriptedOrigin>> | undefined;

  private constructor(recorder: DataRecorder, draws: Draws, answerMsMax: number) {
    this.answerMsMax = answerMsMax;
    this.#recorder = recorder;
    this.#draws = draws;
  }

  static async start(recorder: DataRecorder, draws: Draws, answerMsMax: number): Promise<Source> {
    const source = new Source(recorder, draws, answerMsMax);
    source.#server = await startScriptedOrigin((request, response) => {
      source.#underWay += 1;
      void source.#answer(request, response).finally(() => (source.#underWay -= 1));
    });
    return source;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  /** Whether requests are in progress. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  newId(): string {
    return `w${(this.#ids += 1)}`;
  }

  versionAt(path: string): number {
    return this.#rows.get(path)?.version ?? 0;
  }

  /** @returns `undefined` if the row never had this id */
  versionOf(path: string, id: string): number | undefined {
    return this.#versions.get(`${path} ${id}`);
  }

  committedAtMs(path: string, id: string): number | undefined {
    return this.#committedAtMs.get(`${path} ${id}`);
  }

  commit(path: string, id: string): void {
    const name = `${path} ${id}`;
    const row = this.#rows.get(path);
    if (row === undefined || this.#versions.has(name)) return;
    const version = row.version + 1;
    const atMs = this.#recorder.nowMs();
    this.#rows.set(path, { id, version });
    this.#versions.set(name, version);
    this.#committedAtMs.set(name, atMs);
    this.#recorder.world.writes.push({ path, version, atMs });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requestCount += 1;
    const path = request.url?.replace("/row/", "") ?? "";
    if (request.method !== "POST") return this.#read(path, response);
    const id = Buffer.concat(await request.toArray()).toString();
    await delay(this.#wayMs() / 2);
    if (this.#draws.isLucky(this.errorShare / 2)) return void response.writeHead(503).end();
    this.commit(path, id);
    await delay(this.#wayMs() / 2);
    if (this.#draws.isLucky(lostShare + this.errorShare / 2)) return void response.destroy();
    response.writeHead(200).end();
  }

  async #read(path: string, response: ServerResponse): Promise<void> {
    const row = this.#rows.get(path);
    const takesMs = this.#wayMs();
    if (row === undefined || this.#draws.isLucky(this.errorShare)) {
      this.#recorder.world.originErrors.push({ path, atMs: this.#recorder.nowMs() });
      return void response.writeHead(503).end();
    }
    // The delay follows this read, so that a purge may be accepted before the answer is sent.
    const views = (this.#beginnings += 1) * viewsStep;
    const body = JSON.stringify({ id: row.id, views });
    this.#recorder.noted(path, `the source is read at version ${row.version}`);
    await delay(takesMs);
    if (takesMs > tellingMs)
      this.#recorder.noted(path, `the source answers with version ${row.version}`);
    response.writeHead(200, { "content-type": "application/json" }).end(body);
  }

  #wayMs(): number {
    const isSlow = this.#draws.isLucky(this.slowShare);
    return isSlow ? this.#draws.between(300, this.answerMsMax) : this.#draws.between(0, 10);
  }
}
