// A proxy between one colo and the REST interface of the database. It forwards, delays, cuts or
// drops requests as configured, and records the traffic of the journal.
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { appendScript, markScript } from "../../src/stores/redis/journal/journal-scripts.ts";
import { type Listening, listening } from "../listening.ts";
import type { Recorder } from "./recorder.ts";

export type Passage =
  | "open"
  /** Breaks connections before any command runs. */
  | "cut"
  /** Runs no command, and sends no answer. */
  | "silent"
  /** Runs the commands, and breaks the connection instead of answering an append. */
  | "deaf";

/** A proxy between one colo and its stores, which a fault can break. */
export interface Front {
  passage: Passage;
  /** The delay of each request, and of each answer. */
  wayMs: number;
  /** The isolate that sends requests through this proxy. It changes when the colo restarts. */
  isolate: string;
  stop(): Promise<void>;
}

export class RestFront implements Front {
  passage: Passage = "open";
  wayMs = 0;
  /** The additional delay of a request that stores a response. */
  storingMs = 0;
  isolate = "";
  readonly #server = createServer((asked, answered) => void this.#pass(asked, answered));
  readonly #agent = new Agent({ keepAlive: true });
  readonly #target: URL;
  readonly #recorder: Recorder;
  #listening: Listening | undefined;

  private constructor(restUrl: string, recorder: Recorder) {
    this.#target = new URL(restUrl);
    this.#recorder = recorder;
    this.#server.keepAliveTimeout = 0;
  }

  static async start(restUrl: string, recorder: Recorder): Promise<RestFront> {
    const front = new RestFront(restUrl, recorder);
    front.#listening = await listening(front.#server);
    return front;
  }

  get url(): string {
    return this.#listening?.url ?? "";
  }

  async stop(): Promise<void> {
    await this.#listening?.stop();
    this.#agent.destroy();
  }

  async #pass(asked: IncomingMessage, answered: ServerResponse): Promise<void> {
    try {
      const body = Buffer.concat(await asked.toArray()).toString();
      if (this.wayMs > 0) await delay(this.wayMs);
      if (this.storingMs > 0 && /"h?set"/i.test(body)) await delay(this.storingMs);
      if (this.passage === "silent") return;
      if (this.passage === "cut") return void answered.destroy();
      const { isolate } = this;
      const answer = await this.#ask(asked, body);
      this.#recordAppends(isolate, body, answer.text);
      if (this.passage === "deaf" && appendedBy(body) !== undefined) return void answered.destroy();
      if (this.wayMs > 0) await delay(this.wayMs);
      if (answered.destroyed) return;
      this.#recordReads(isolate, body, answer);
      answered.writeHead(answer.status, { "content-type": "application/json" }).end(answer.text);
    } catch {
      answered.destroy();
    }
  }

  async #ask(asked: IncomingMessage, body: string): Promise<{ status: number; text: string }> {
    const { hostname, port } = this.#target;
    const { url: path = "/", method = "POST", headers } = asked;
    const outgoing = request({ hostname, port, path, method, headers, agent: this.#agent });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const text = Buffer.concat(await incoming.toArray()).toString();
    return { status: incoming.statusCode ?? 502, text };
  }

  #recordAppends(isolate: string, body: string, text: string): void {
    const appended = appendedBy(body);
    if (appended === undefined) return;
    for (const [position, n] of placesIn(appended, text)) {
      const { id = "", lost = "", by = "" } = appended.entries.shift() ?? {};
      const atMs = this.#recorder.nowMs();
      const isMark = lost !== "" || (id === "" && by !== "data");
      this.#recorder.journal.push({ kind: "appended", atMs, isolate, position, n, id, isMark });
    }
  }

  #recordReads(isolate: string, body: string, answer: { status: number; text: string }): void {
    const isRead = /"x(?:rev)?range"/i.test(body);
    if (!isRead || answer.status !== 200 || answer.text.includes('"error":')) return;
    const found = answer.text.matchAll(/\["(\d+-\d+)",\[/g);
    const positions = Array.from(found, ([, position = ""]) => position);
    this.#recorder.journal.push({
      kind: "read",
      atMs: this.#recorder.nowMs(),
      isolate,
      positions,
    });
  }
}

/** An append. */
interface Appended {
  readonly script: string;
  /** The fields of each entry. */
  readonly entries: Record<string, string>[];
}

/** Returns the purges or the mark that a request appends; `undefined` for another request. */
function appendedBy(body: string): Appended | undefined {
  const [name, script, keyCount, ...args] = (JSON.parse(body) as unknown[]).map(String);
  if (name?.toUpperCase() !== "EVAL") return undefined;
  const given = args.slice(Number(keyCount));
  if (script !== appendScript && script !== markScript) return undefined;
  if (script === markScript && given[4] === "empty") return undefined;
  given.splice(0, script === appendScript ? 8 : 6);
  const entries: Record<string, string>[] = [];
  while (given.length > 0) {
    const [, fields] = JSON.parse(given.shift() ?? "") as [n: string, fields: string[]];
    entries.push(byName(fields));
    if (script === appendScript && given.shift() !== "") given.splice(0, 2);
  }
  return { script, entries };
}

function byName(fields: readonly string[]): Record<string, string> {
  const pairs = fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1]]] : []));
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** Returns the position and the `n` of each appended entry, from the reply. */
function placesIn({ script }: Appended, text: string): [position: string, n: string][] {
  const { result } = JSON.parse(text) as { result?: unknown };
  if (!Array.isArray(result)) return [];
  if (script === appendScript) return result[0] as [string, string][];
  const [[position, fields] = ["", []]] = result[0] as [string, string[]][];
  return [[position, fields[fields.indexOf("n") + 1] ?? ""]];
}
