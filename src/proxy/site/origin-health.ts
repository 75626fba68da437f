// Tracks the health of origins. An origin that neither clients nor a probe can reach is shut off, except for
// probes behind answers. A page that has just failed is paused, and retries have a budget.
import { Condition, type Trouble } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import { Breaker } from "../../redis/breaker.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import type { Target } from "../request/target.ts";
import type { OriginFailure } from "./forward-outcome.ts";
import { Pauses } from "./pauses.ts";

/** A lookup's origin, by its name in the config, and the key of its page. */
interface HealthPage {
  readonly route: { readonly origin: string };
  readonly key: { readonly text: string };
}

/** The part of a request to an origin that its health depends on. */
export interface HealthRequest {
  /** The origin's name in the config. */
  readonly origin: string;
  /** The key of the page; `undefined` if the answer may depend on the client. */
  readonly page?: string | undefined;
  readonly target: Target;
  /** The request has no client's data, so no client has provoked its result. */
  readonly isAnonymous?: boolean;
}

interface HealthAnswer {
  readonly isError: boolean;
  readonly isRefused?: boolean;
}

/** The failures of a forward without an answer. */
export type OriginTrouble = Exclude<OriginFailure, "error-status">;

/** `isProbe`: a probe is due, and this caller sends it. */
type OriginState = { kind: "well" } | { kind: "page-failing" | "down"; isProbe: boolean };

/** Several, so that one path that hangs does not shut off its whole origin. */
const failingPathsToShutOff = 5;
/** Failures further apart do not add up. */
const failuresWithinMs = 10_000;
/** Failures this soon after an answer do not shut off the origin. */
const wellForMs = 5_000;
/** An origin that has answered an anonymous request within this time serves such requests. */
const anonymousForMs = 3_600_000;
const refusedForMs = 15 * 60_000;
const shutOffMsMax = 5_000;
/** The runtime may end a probe without a result, so after this time another one may begin. */
const probeMsMax = 25_000;

/** Each request adds a tenth of a retry to the budget, up to `retriesMax`. */
const retriesPerRequest = 0.1;
const retriesMax = 10;

/** The health of each origin, as this isolate has seen it. All instants in epoch milliseconds. */
export class OriginHealth {
  readonly #tell: Log;
  readonly #origins = new Map<string, Origin>();
  /** Pauses of failed pages. */
  readonly #failing = new Pauses();
  readonly #refreshes = new Pauses();
  readonly #tierLooks = new Pauses();

  /** @param tell receives a log line when an origin gets into trouble, and when it recovers */
  constructor(tell: Log = () => undefined) {
    this.#tell = tell;
  }

  /** Returns whether the origin may get a request for the page. Begins a probe if one is due. */
  ask({ route, key }: HealthPage, atMs: number): OriginState {
    const state = this.#origin(route.origin).breaker.ask(atMs);
    if (state !== "closed") return { kind: "down", isProbe: state === "probe" };
    if (!this.#failing.has(key.text)) return { kind: "well" };
    return { kind: "page-failing", isProbe: this.#failing.begin(key.text, atMs) };
  }

  /**
   * Returns whether a stale response at hand suffices without the lower tiers, while its origin is in
   * trouble. Once a second they are read, because another colo may have a newer response.
   */
  spareLook({ route, key }: HealthPage, atMs: number): boolean {
    const isTroubled = this.#origin(route.origin).breaker.isOpen || this.#failing.has(key.text);
    return isTroubled && !this.#tierLooks.begin(key.text, atMs);
  }

  /** Returns the results of `ask` and `spareLook` without changing state. */
  peek({ route, key }: HealthPage, atMs: number) {
    const isDown = this.#origins.get(route.origin)?.breaker.isOpen === true;
    const isFailing = this.#failing.has(key.text);
    const kind: OriginState["kind"] = isFailing ? "page-failing" : "well";
    const isTroubled = isDown || isFailing;
    const sparesLook = isTroubled && this.#tierLooks.isOn(key.text, atMs);
    return { kind: isDown ? "down" : kind, sparesLook } as const;
  }

  /** Returns whether a hit may refresh its page: at most once a second. */
  mayRefresh(page: string, atMs: number): boolean {
    return this.#refreshes.begin(page, atMs);
  }

  /** Counts an answer. Even an error shows that the origin can be reached. */
  answered(given: HealthRequest, answer: HealthAnswer, atMs: number): void {
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

  /** Returns whether the origin serves anonymous requests. If not, it may reject them as such. */
  servesAnonymous(name: string, atMs: number): boolean {
    return isWithinMs(anonymousForMs, this.#origin(name).anonymousAtMs, atMs);
  }

  /** Returns since when origins, by name, reject anonymous requests: lately some, and none served for an hour. */
  refusingAnonymous(atMs: number): ReadonlyMap<string, number> {
    const refusing = [...this.#origins].filter(
      ([name, { refusals }]) =>
        isWithinMs(refusedForMs, refusals.lastAtMs, atMs) && !this.servesAnonymous(name, atMs),
    );
    return new Map(refusing.map(([name, { refusals }]) => [name, refusals.sinceAtMs]));
  }

  /**
   * Counts a forward without an answer. Clients may provoke such failures, so only a failed probe shuts the
   * origin off.
   *
   * @returns whether a probe is due, which this caller sends
   */
  failed(given: HealthRequest, atMs: number, trouble: OriginTrouble = "unreachable"): boolean {
    const { page, isAnonymous = false } = given;
    if (page !== undefined && isAnonymous) this.#failing.begin(page, atMs);
    const origin = this.#origin(given.origin);
    if (isAnonymous) origin.refused(atMs);
    const { failing, breaker, condition, shutOff, wellAtMs } = origin;
    condition.failed(trouble, atMs);
    for (const [path, failedAtMs] of failing) {
      if (Math.abs(atMs - failedAtMs) > failuresWithinMs) failing.delete(path);
    }
    // Without the query, because a client could invent any number of queries that hang.
    if (failing.size < failingPathsToShutOff) failing.set(given.target.path, atMs);
    if (breaker.isOpen) shutOff.failed("down", atMs);
    const wasJustWell = isWithinMs(wellForMs, wellAtMs, atMs);
    const isProbed = isWithinMs(probeMsMax, origin.probeBeganAtMs, atMs);
    const isInDoubt = failing.size >= failingPathsToShutOff && !wasJustWell && !breaker.isOpen;
    if (!isInDoubt || isProbed) return false;
    origin.probeBeganAtMs = atMs;
    return true;
  }

  /** Shuts the origin off after the probe of `failed`, unless it has answered a request meanwhile. */
  probeFailed(name: string, atMs: number): void {
    const origin = this.#origin(name);
    if (origin.probeBeganAtMs === -Infinity) return;
    origin.probeBeganAtMs = -Infinity;
    origin.breaker.failed(atMs);
    origin.shutOff.failed("down", atMs);
  }

  /** Returns the target of the last answer that was no error, for probes. */
  wellTarget(name: string): Target | undefined {
    return this.#origin(name).wellTarget;
  }

  /** Takes a retry from the budget. Returns whether one was left. */
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

  /** The last trouble of each origin, even if it is over. */
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

/** The state of one origin. */
class Origin {
  readonly breaker = new Breaker(shutOffMsMax, 1);
  readonly condition: Condition<OriginTrouble>;
  /** The origin gets only probes, because too many of its paths failed. */
  readonly shutOff: Condition<"down">;
  /** The instants of failures since the last answer, by path. */
  readonly failing = new Map<string, number>();
  wellAtMs = -Infinity;
  anonymousAtMs = -Infinity;
  /** The first and last rejection of anonymous requests in a series with gaps below 15 minutes. */
  refusals = { sinceAtMs: -Infinity, lastAtMs: -Infinity };
  /** The start of a running probe; `-Infinity` for none. */
  probeBeganAtMs = -Infinity;
  wellTarget: Target | undefined;
  retries = retriesMax;

  /** @param name as in the config; the address is not logged, because it may contain secrets */
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
