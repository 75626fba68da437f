// How the origins fare: one that cannot be reached, by a look of our own too, is left alone but for
// probes that no client waits for, a page that has just failed is not asked for again at once, and
// retries have a budget.
import type { Condition, Trouble } from "../../observe/condition.ts";
import { Breaker } from "../../redis/breaker.ts";
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import { isWithinMs } from "../../elapsed.ts";
import { conditionOfOrigin, type OriginTrouble, shutOffOfOrigin } from "./origin-trouble.ts";
import type { Asked } from "../request/plan.ts";
import type { Target } from "../request/target.ts";

/** Which origin, by its name in the config, and which of its pages. */
export interface OriginPage {
  readonly origin: string;
  readonly page: string;
}

/** The page that a request asks for, and its origin. */
export function pageOf({ route, key }: Asked): OriginPage {
  return { origin: route.origin, page: key.text };
}

/** A request to an origin, as far as its answer tells how the origin fares. */
export interface OriginAsked {
  readonly origin: string;
  /** Of which its answer tells; `undefined` where that may be about one client alone. */
  readonly page: string | undefined;
  readonly target: Target;
}

/** `isProbe`: it is time to look again, and this caller is the one to do it. */
export type OriginState = { kind: "well" } | { kind: "page-failing" | "down"; isProbe: boolean };

/** So that one path that hangs does not take its whole site for down. */
const failingPathsToShutOff = 5;
/** Failures further apart do not add up, nor do those so soon after an answer. */
const failuresWithinMs = 10_000;
const wellForMs = 5_000;
const shutOffMsMax = 5_000;
const pagePauseMs = 1_000;
/** A look whose request was ended tells nothing; after this long nobody counts on it. */
const lookMsMax = 25_000;

/** Of a hundred requests, ten may be sent twice; and so many at once after a quiet while. */
const retriesPerRequest = 0.1;
const retriesMax = 10;

/** How each origin of the config fares, as this isolate has seen it. All instants in epoch ms. */
export class OriginHealth {
  readonly #tell: (line: string) => void;
  readonly #origins = new Map<string, Origin>();
  /** Of pages that failed: when to look again. */
  readonly #failing = new Pauses();
  readonly #refreshes = new Pauses();
  readonly #looks = new Pauses();

  /** @param tell gets a line for the operator when an origin gets into trouble, and out of it */
  constructor(tell: (line: string) => void = () => undefined) {
    this.#tell = tell;
  }

  /** May the origin be asked for the page now? */
  ask({ origin, page }: OriginPage, atMs: number): OriginState {
    const state = this.#origin(origin).breaker.ask(atMs);
    if (state !== "closed") return { kind: "down", isProbe: state === "probe" };
    if (!this.#failing.has(page)) return { kind: "well" };
    return { kind: "page-failing", isProbe: this.#failing.begin(page, atMs) };
  }

  /**
   * While an origin is in trouble, may a stale response that is at hand stand in without a look at
   * the lower tiers? Once a second they are looked at, since another colo may have a newer one.
   */
  spareLook({ origin, page }: OriginPage, atMs: number): boolean {
    const isTroubled = this.#origin(origin).breaker.isOpen || this.#failing.has(page);
    return isTroubled && !this.#looks.begin(page, atMs);
  }

  /** Behind hits a page is refreshed no more than once a second, whatever that brings. */
  mayRefresh(page: string, atMs: number): boolean {
    return this.#refreshes.begin(page, atMs);
  }

  /** Counts an answer: whatever it is, the origin can be reached. */
  answered(given: OriginAsked, answer: { isError: boolean }, atMs: number): void {
    const origin = this.#origin(given.origin);
    origin.retries = Math.min(retriesMax, origin.retries + retriesPerRequest);
    origin.failing.clear();
    origin.breaker.succeeded();
    origin.condition.succeeded(atMs);
    origin.shutOff.succeeded(atMs);
    origin.wellAtMs = atMs;
    origin.lookBeganAtMs = -Infinity;
    if (!answer.isError) origin.wellTarget = given.target;
    if (given.page === undefined) return;
    if (answer.isError) this.#failing.begin(given.page, atMs);
    else this.#failing.end(given.page);
  }

  /**
   * It could not be reached, or did not answer in time. Whoever sent the request may be to blame: so
   * many paths alone do not shut the origin off.
   *
   * @returns whether it is in doubt now, and this caller is the one to look whether it answers
   */
  failed(given: OriginAsked, atMs: number, trouble: OriginTrouble = "unreachable"): boolean {
    if (given.page !== undefined) this.#failing.begin(given.page, atMs);
    const origin = this.#origin(given.origin);
    const { failing, breaker, condition, shutOff, wellAtMs } = origin;
    condition.failed(trouble, atMs);
    for (const [path, failedAtMs] of failing) {
      if (Math.abs(atMs - failedAtMs) > failuresWithinMs) failing.delete(path);
    }
    // Without the query: anybody could make up any number of those that hang.
    if (failing.size < failingPathsToShutOff) failing.set(given.target.path, atMs);
    if (breaker.isOpen) shutOff.failed("down", atMs);
    const wasJustWell = isWithinMs(wellForMs, wellAtMs, atMs);
    const isLookedAt = isWithinMs(lookMsMax, origin.lookBeganAtMs, atMs);
    const isInDoubt = failing.size >= failingPathsToShutOff && !wasJustWell && !breaker.isOpen;
    if (!isInDoubt || isLookedAt) return false;
    origin.lookBeganAtMs = atMs;
    return true;
  }

  /** The look that `failed` asked for has failed too: down, unless it answered anybody meanwhile. */
  lookFailed(name: string, atMs: number): void {
    const origin = this.#origin(name);
    if (origin.lookBeganAtMs === -Infinity) return;
    origin.lookBeganAtMs = -Infinity;
    origin.breaker.failed(atMs);
    origin.shutOff.failed("down", atMs);
  }

  /** What answered last, errors apart: asked for by a look or a probe, whoever occasions it. */
  wellTarget(name: string): Target | undefined {
    return this.#origin(name).wellTarget;
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

  /** The last of each origin that has been in any, also once it is over. */
  get troubles(): ReadonlyMap<string, Trouble<OriginTrouble>> {
    const all = [...this.#origins].map(
      ([name, { condition }]) => [name, condition.trouble] as const,
    );
    return new Map(all.flatMap(([name, trouble]) => (trouble ? [[name, trouble]] : [])));
  }

  #origin(name: string): Origin {
    let origin = this.#origins.get(name);
    if (origin === undefined) {
      origin = {
        breaker: new Breaker(shutOffMsMax, 1),
        condition: conditionOfOrigin(name, this.#tell),
        shutOff: shutOffOfOrigin(name, this.#tell),
        failing: new Map(),
        wellAtMs: -Infinity,
        lookBeganAtMs: -Infinity,
        wellTarget: undefined,
        retries: retriesMax,
      };
      this.#origins.set(name, origin);
    }
    return origin;
  }
}

/** A pause for each of some pages, which nothing lengthens while it lasts. */
class Pauses {
  readonly #endsAtMs = new BoundedMarks<number>();

  has(page: string): boolean {
    return this.#endsAtMs.has(page);
  }

  /** @returns false while one lasts; a clock that was set back ends it */
  begin(page: string, atMs: number): boolean {
    const endsAtMs = this.#endsAtMs.get(page) ?? -Infinity;
    if (atMs < endsAtMs && endsAtMs - atMs <= pagePauseMs) return false;
    this.#endsAtMs.set(page, atMs + pagePauseMs);
    return true;
  }

  end(page: string): void {
    this.#endsAtMs.delete(page);
  }
}

interface Origin {
  readonly breaker: Breaker;
  readonly condition: Condition<OriginTrouble>;
  readonly shutOff: Condition<"down">;
  /** When paths failed since it last answered. */
  readonly failing: Map<string, number>;
  wellAtMs: number;
  /** Of a look that has not ended yet; `-Infinity` for none. */
  lookBeganAtMs: number;
  wellTarget: Target | undefined;
  retries: number;
}
