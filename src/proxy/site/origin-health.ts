// How the origins fare: one that cannot be reached, by a probe of our own too, is left alone but for
// probes that no client waits for, a page that has just failed is not asked for again at once, and
// retries have a budget.
import { Condition, type Trouble } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import { Breaker } from "../../redis/breaker.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import type { Target } from "../request/target.ts";
import type { OriginFailure } from "./forward-outcome.ts";
import { Pauses } from "./pauses.ts";

/** A request that is looked up: its origin, by its name in the config, and the key of its page. */
interface PageAsked {
  readonly route: { readonly origin: string };
  readonly key: { readonly text: string };
}

/** A request to an origin, as far as its answer tells how the origin fares. */
export interface OriginAsked {
  /** Its name in the config. */
  readonly origin: string;
  /** Of which its answer tells; `undefined` where that may be about one client alone. */
  readonly page?: string | undefined;
  readonly target: Target;
  /** The request has nothing of a client in it, so no client provoked what it came to. */
  readonly isAnonymous?: boolean;
}

interface Answered {
  readonly isError: boolean;
  readonly isRefused?: boolean;
}

/** How a forward fails that brings no answer. */
export type OriginTrouble = Exclude<OriginFailure, "error-status">;

/** `isProbe`: it is time to ask again, and this caller is the one to do it. */
type OriginState = { kind: "well" } | { kind: "page-failing" | "down"; isProbe: boolean };

/** So that one path that hangs does not take its whole site for down. */
const failingPathsToShutOff = 5;
/** Failures further apart do not add up, nor do those so soon after an answer. */
const failuresWithinMs = 10_000;
const wellForMs = 5_000;
/** An origin that has answered an anonymous request within this time serves such requests. */
const anonymousForMs = 3_600_000;
const refusedForMs = 15 * 60_000;
const shutOffMsMax = 5_000;
/** A probe whose request was ended tells nothing; after this long nobody counts on it. */
const probeMsMax = 25_000;

/** Of a hundred requests, ten may be sent twice; and so many at once after a quiet while. */
const retriesPerRequest = 0.1;
const retriesMax = 10;

/** How each origin of the config fares, as this isolate has seen it. All instants in epoch ms. */
export class OriginHealth {
  readonly #tell: Log;
  readonly #origins = new Map<string, Origin>();
  /** Of pages that failed: when to ask again. */
  readonly #failing = new Pauses();
  readonly #refreshes = new Pauses();
  readonly #tierLooks = new Pauses();

  /** @param tell gets a line for the operator when an origin gets into trouble, and out of it */
  constructor(tell: Log = () => undefined) {
    this.#tell = tell;
  }

  /** May the origin of a request be asked for its page now? */
  ask({ route, key }: PageAsked, atMs: number): OriginState {
    const state = this.#origin(route.origin).breaker.ask(atMs);
    if (state !== "closed") return { kind: "down", isProbe: state === "probe" };
    if (!this.#failing.has(key.text)) return { kind: "well" };
    return { kind: "page-failing", isProbe: this.#failing.begin(key.text, atMs) };
  }

  /**
   * While an origin is in trouble, may a stale response that is at hand stand in without a look at
   * the lower tiers? Once a second they are looked at, since another colo may have a newer one.
   */
  spareLook({ route, key }: PageAsked, atMs: number): boolean {
    const isTroubled = this.#origin(route.origin).breaker.isOpen || this.#failing.has(key.text);
    return isTroubled && !this.#tierLooks.begin(key.text, atMs);
  }

  /** What `ask` would say, and whether `spareLook` would spare one, without beginning anything. */
  peek({ route, key }: PageAsked, atMs: number) {
    const isDown = this.#origins.get(route.origin)?.breaker.isOpen === true;
    const isFailing = this.#failing.has(key.text);
    const kind: OriginState["kind"] = isFailing ? "page-failing" : "well";
    const isTroubled = isDown || isFailing;
    const sparesLook = isTroubled && this.#tierLooks.isOn(key.text, atMs);
    return { kind: isDown ? "down" : kind, sparesLook } as const;
  }

  /** Behind hits a page is refreshed no more than once a second, whatever that brings. */
  mayRefresh(page: string, atMs: number): boolean {
    return this.#refreshes.begin(page, atMs);
  }

  /** Counts an answer: whatever it is, the origin can be reached. */
  answered(given: OriginAsked, answer: Answered, atMs: number): void {
    const origin = this.#origin(given.origin);
    origin.retries = Math.min(retriesMax, origin.retries + retriesPerRequest);
    origin.failing.clear();
    origin.breaker.succeeded();
    origin.condition.succeeded(atMs);
    origin.shutOff.succeeded(atMs);
    origin.wellAtMs = atMs;
    origin.probeBeganAtMs = -Infinity;
    if (!answer.isError) origin.wellTarget = given.target;
    const { page, isAnonymous = false } = given;
    if (isAnonymous && answer.isRefused === true) origin.refused(atMs);
    else if (isAnonymous) origin.anonymousAtMs = atMs;
    if (page !== undefined && !answer.isError) this.#failing.delete(page);
    else if (page !== undefined && isAnonymous) this.#failing.begin(page, atMs);
  }

  /** Does it serve anonymous requests? Else one that fails may have been refused for being one. */
  servesAnonymous(name: string, atMs: number): boolean {
    return isWithinMs(anonymousForMs, this.#origin(name).anonymousAtMs, atMs);
  }

  /** Refused in the last 15 minutes, and served none in the last hour: since when, by name. */
  refusingAnonymous(atMs: number): ReadonlyMap<string, number> {
    const refusing = [...this.#origins].filter(
      ([name, { refusals }]) =>
        isWithinMs(refusedForMs, refusals.lastAtMs, atMs) && !this.servesAnonymous(name, atMs),
    );
    return new Map(refusing.map(([name, { refusals }]) => [name, refusals.sinceAtMs]));
  }

  /**
   * It could not be reached, or did not answer in time. Whoever sent the request may be to blame: so
   * many paths alone do not shut the origin off.
   *
   * @returns whether it is in doubt now, and this caller is the one to probe it
   */
  failed(given: OriginAsked, atMs: number, trouble: OriginTrouble = "unreachable"): boolean {
    const { page, isAnonymous = false } = given;
    if (page !== undefined && isAnonymous) this.#failing.begin(page, atMs);
    const origin = this.#origin(given.origin);
    if (isAnonymous) origin.refused(atMs);
    const { failing, breaker, condition, shutOff, wellAtMs } = origin;
    condition.failed(trouble, atMs);
    for (const [path, failedAtMs] of failing) {
      if (Math.abs(atMs - failedAtMs) > failuresWithinMs) failing.delete(path);
    }
    // Without the query: anybody could make up any number of those that hang.
    if (failing.size < failingPathsToShutOff) failing.set(given.target.path, atMs);
    if (breaker.isOpen) shutOff.failed("down", atMs);
    const wasJustWell = isWithinMs(wellForMs, wellAtMs, atMs);
    const isProbed = isWithinMs(probeMsMax, origin.probeBeganAtMs, atMs);
    const isInDoubt = failing.size >= failingPathsToShutOff && !wasJustWell && !breaker.isOpen;
    if (!isInDoubt || isProbed) return false;
    origin.probeBeganAtMs = atMs;
    return true;
  }

  /** The probe that `failed` asked for has failed too: down, unless it answered anybody meanwhile. */
  probeFailed(name: string, atMs: number): void {
    const origin = this.#origin(name);
    if (origin.probeBeganAtMs === -Infinity) return;
    origin.probeBeganAtMs = -Infinity;
    origin.breaker.failed(atMs);
    origin.shutOff.failed("down", atMs);
  }

  /** What answered last, errors apart: asked for by a probe, whoever occasions it. */
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
    const troubles = new Map<string, Trouble<OriginTrouble>>();
    for (const [name, { condition }] of this.#origins) {
      if (condition.trouble !== undefined) troubles.set(name, condition.trouble);
    }
    return troubles;
  }

  #origin(name: string): Origin {
    const origin = this.#origins.get(name) ?? new Origin(name, this.#tell);
    this.#origins.set(name, origin);
    return origin;
  }
}

const whys: Readonly<Record<OriginTrouble, string>> = {
  unreachable: "cannot be reached",
  timeout: "does not answer in time",
};

/** What is known of one origin. */
class Origin {
  readonly breaker = new Breaker(shutOffMsMax, 1);
  readonly condition: Condition<OriginTrouble>;
  /** It is asked by probes alone: too many of its paths failed. */
  readonly shutOff: Condition<"down">;
  /** When paths failed since it last answered. */
  readonly failing = new Map<string, number>();
  wellAtMs = -Infinity;
  anonymousAtMs = -Infinity;
  /** Of anonymous requests, as far as they are less than 15 minutes apart. */
  refusals = { sinceAtMs: -Infinity, lastAtMs: -Infinity };
  /** Of a probe that has not ended yet; `-Infinity` for none. */
  probeBeganAtMs = -Infinity;
  wellTarget: Target | undefined;
  retries = retriesMax;

  /** @param name as in the config: its address may hold what is for nobody's eyes */
  constructor(name: string, tell: Log) {
    const origin = `Origin ${JSON.stringify(name)}`;
    this.condition = new Condition({
      tell,
      about: () => ({ event: "origin", origin: name }),
      troubleLine: (trouble) => `${origin} ${whys[trouble]}.`,
      wellLine: (lasted) => `${origin} answers again after ${lasted}.`,
    });
    this.shutOff = new Condition({
      tell,
      about: () => ({ event: "breaker", part: "origin", origin: name }),
      troubleLine: () => `${origin} is taken for down: only probes ask it, behind answers.`,
      wellLine: (lasted) => `${origin} was taken for down for ${lasted}, and is no longer.`,
    });
  }

  refused(atMs: number): void {
    const { sinceAtMs, lastAtMs } = this.refusals;
    const isSame = isWithinMs(refusedForMs, lastAtMs, atMs);
    this.refusals = { sinceAtMs: isSame ? sinceAtMs : atMs, lastAtMs: atMs };
  }
}
