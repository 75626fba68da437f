// How the origins fare: one that is down is left alone but for probes that no client waits for, a
// page that has just failed is not asked for again at once, and retries have a budget.
import { LRUCache } from "lru-cache";
import { Breaker } from "../redis/breaker.ts";

/** Which origin, by its name in the config, and what of it is asked for. */
export interface OriginAsk {
  readonly origin: string;
  readonly page: string;
}

export interface OriginAsked extends OriginAsk {
  /** Without a query: anybody could make up any number of those that fail. */
  readonly path: string;
}

/** `isProbe`: it is time to look again, and this caller is the one to do it. */
export type OriginState = { kind: "well" } | { kind: "page-failing" | "down"; isProbe: boolean };

/** So that one path that is broken does not take its whole site for down. */
const failingPathsToShutOff = 5;
const shutOffMsMax = 5_000;
const pagePauseMs = 1_000;
const pagesMax = 4_096;

/** Of a hundred requests, ten may be sent twice; and so many at once after a quiet while. */
const retriesPerRequest = 0.1;
const retriesMax = 10;

export class OriginHealth {
  readonly #origins = new Map<string, Origin>();
  /** By page: when to look again. */
  readonly #failingPages = new LRUCache<string, number>({ max: pagesMax });

  ask({ origin, page }: OriginAsk, atMs: number): OriginState {
    const state = this.#origin(origin).breaker.ask(atMs);
    if (state !== "closed") return { kind: "down", isProbe: state === "probe" };
    const pauseEndsAtMs = this.#failingPages.get(page);
    if (pauseEndsAtMs === undefined) return { kind: "well" };
    // A clock that was set back must not lengthen the pause.
    const isPause = atMs < pauseEndsAtMs && pauseEndsAtMs - atMs <= pagePauseMs;
    if (!isPause) this.#failingPages.set(page, atMs + pagePauseMs);
    return { kind: "page-failing", isProbe: !isPause };
  }

  /** @param status 500 is the page's own trouble; 502, 503 and 504 tell of the origin too */
  answered(ask: OriginAsked, status: number, atMs: number): void {
    const origin = this.#origin(ask.origin);
    origin.retries = Math.min(retriesMax, origin.retries + retriesPerRequest);
    if (status === 502 || status === 503 || status === 504) return this.failed(ask, atMs);
    origin.failing.clear();
    origin.breaker.succeeded();
    if (status === 500) this.#failingPages.set(ask.page, atMs + pagePauseMs);
    else this.#failingPages.delete(ask.page);
  }

  failed({ origin: name, page, path }: OriginAsked, atMs: number): void {
    const { failing, breaker } = this.#origin(name);
    this.#failingPages.set(page, atMs + pagePauseMs);
    if (failing.size >= failingPathsToShutOff || failing.has(path)) return;
    failing.add(path);
    breaker.failed(atMs);
  }

  /** Whether a request may be sent once more; counts as done. */
  takeRetry(name: string): boolean {
    const origin = this.#origin(name);
    if (origin.breaker.isOpen || origin.retries < 1) return false;
    origin.retries -= 1;
    return true;
  }

  /** The names of the origins that are shut off. */
  get shutOff(): string[] {
    return [...this.#origins].filter(([, { breaker }]) => breaker.isOpen).map(([name]) => name);
  }

  #origin(name: string): Origin {
    let origin = this.#origins.get(name);
    if (origin === undefined) {
      const breaker = new Breaker(shutOffMsMax, failingPathsToShutOff);
      origin = { breaker, failing: new Set(), retries: retriesMax };
      this.#origins.set(name, origin);
    }
    return origin;
  }
}

interface Origin {
  readonly breaker: Breaker;
  /** Paths that failed since it last answered. */
  readonly failing: Set<string>;
  retries: number;
}
