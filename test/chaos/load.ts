// A load of fixed concurrency over connections that are kept: what was asked, what came, how long
// it took, and whether it was what the origin would have said.
import { Agent, request, type IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";

export interface Answered {
  readonly path: string;
  /** 0 where no answer came. */
  readonly status: number;
  readonly startedAtMs: number;
  readonly tookMs: number;
  readonly cacheStatus: string;
  /** `whole`: the page of that very path, to its last byte. */
  readonly body: "whole" | "cut" | "foreign";
}

export interface LoadSettings {
  readonly url: string;
  readonly concurrency: number;
  /** @param nth counts over all clients */
  readonly path: (nth: number) => string;
  /** Between an answer and the same client's next request; 5 ms unless set. */
  readonly pauseMs?: number;
}

/** Clients that ask until they are told to stop. */
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

  /** Those that began between two instants of `performance.now()`. */
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

/** Names its own path at both ends, so that neither another page nor a part passes for it. */
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

/** What no client should have seen. */
export function violations(answers: readonly Answered[]): Answered[] {
  return answers.filter(({ status, body }) => status !== 200 || body !== "whole");
}

export function slowestMs(answers: readonly Answered[]): number {
  return Math.max(0, ...answers.map(({ tookMs }) => tookMs));
}
