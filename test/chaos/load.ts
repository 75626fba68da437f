// A load of fixed concurrency over kept-alive connections. It records each request's path, status,
// duration, and whether the body is the origin's page for this path.
import { Agent, request, type IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";

export interface Answered {
  readonly path: string;
  /** 0 if no answer came. */
  readonly status: number;
  readonly startedAtMs: number;
  readonly tookMs: number;
  readonly cacheStatus: string;
  /** `whole`: the complete page of this path. `foreign`: another body. */
  readonly body: "whole" | "cut" | "foreign";
}

interface LoadSettings {
  readonly url: string;
  readonly concurrency: number;
  /** @param nth the number of the request, counted over all clients */
  readonly path: (nth: number) => string;
  /** The pause between an answer and the same client's next request. Default: 5 ms. */
  readonly pauseMs?: number;
}

/** Clients that send requests until `stop()`. */
export class Load {
  readonly answers: Answered[] = [];
  readonly #settings: LoadSettings;
  readonly #clients: Promise<void>[];
  #asked = 0;
  #isStopped = false;

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#clients = Array.from({ length: settings.concurrency }, () => this.#ask());
  }

  /** Returns the answers to requests that began between two times of `performance.now()`. */
  between(fromMs: number, toMs = Infinity): Answered[] {
    return this.answers.filter(({ startedAtMs }) => startedAtMs >= fromMs && startedAtMs < toMs);
  }

  /** Resolves when every client has its last answer. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  async #ask(): Promise<void> {
    const { url, path, pauseMs = 5 } = this.#settings;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.#isStopped) {
      const asked = path(this.#asked);
      this.#asked += 1;
      this.answers.push(await answerTo(url, asked, agent));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    agent.destroy();
  }
}

const pageBytes = 20_000;

/** Returns a page that names its path at both ends, so that no other page and no part equals it. */
export function pageOf(path: string): string {
  const end = `end of ${path}`;
  return `page ${path}\n`.padEnd(pageBytes - end.length, ".") + end;
}

async function answerTo(base: string, path: string, agent: Agent): Promise<Answered> {
  const startedAtMs = performance.now();
  const { hostname, port } = new URL(base);
  const { promise, resolve } = Promise.withResolvers<Omit<Answered, "tookMs">>();
  const none = { path, startedAtMs, status: 0, cacheStatus: "", body: "cut" } as const;
  const outgoing = request({ hostname, port, path, agent }, (incoming: IncomingMessage) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => void chunks.push(chunk));
    incoming.on("error", () => undefined);
    incoming.on("close", () => {
      const text = Buffer.concat(chunks).toString();
      const isPage = incoming.statusCode !== 200 || text === pageOf(path);
      const body = !incoming.complete ? "cut" : isPage ? "whole" : "foreign";
      const cacheStatus = String(incoming.headers["cache-status"] ?? "");
      resolve({ path, startedAtMs, status: incoming.statusCode ?? 0, cacheStatus, body });
    });
  });
  outgoing.on("error", () => resolve(none));
  outgoing.end();
  const answered = await promise;
  return { ...answered, tookMs: performance.now() - startedAtMs };
}

/** Returns the answers that no client should get. */
export function violations(answers: readonly Answered[]): Answered[] {
  return answers.filter(({ status, body }) => status !== 200 || body !== "whole");
}

export function slowestMs(answers: readonly Answered[]): number {
  return Math.max(0, ...answers.map(({ tookMs }) => tookMs));
}
