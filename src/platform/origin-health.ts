// Tracks the health of origins. The breaker of an origin opens if neither clients nor a probe can reach it: then only
// background probes use the origin. A page that has just failed is paused, and retries have a budget.
// Also measures the time to the head of a response, to detect stalled requests.
import { Condition, type Trouble } from "../observe/condition.ts";
import type { Log } from "../observe/log-line.ts";
import { Breaker } from "../remote/breaker.ts";
import { isWithinMs } from "../base/elapsed.ts";
import type { Target } from "../routing/target.ts";
import { Marks } from "../base/marks.ts";

/** The route and the key of a page. The route names the page's origin. */
interface HealthPage {
  readonly route: { readonly origin: string };
  readonly key: { readonly text: string };
}

/** The parts of a request to an origin that affect the origin's health. */
export interface HealthRequest {
  /** The origin's name in the configuration. */
  readonly origin: string;
  /** The key of the page; `undefined` if the answer may depend on the client. */
  readonly page?: string | undefined;
  readonly target: Target;
  /** Whether the request has no client's data, so that no client has provoked its result. */
  readonly isAnonymous?: boolean;
}

interface HealthAnswer {
  readonly isError: boolean;
  readonly isRefused?: boolean;
}

/** The failure of an origin request without a usable response. */
export type OriginTrouble = "unreachable" | "invalid-response" | "fields-too-large" | "timeout";

/** The error for a response that Tidemark itself finds to violate HTTP. */
export class InvalidResponse extends Error {}

/** The codes of Node's parser, and of `fetch` on Node, for too many bytes of fields. */
const tooLarge: readonly unknown[] = ["HPE_HEADER_OVERFLOW", "UND_ERR_HEADERS_OVERFLOW"];

/** Returns the failure by the error of a request. The error of `fetch` on Node has its reason as `cause`. */
export function troubleBy(error: unknown): Exclude<OriginTrouble, "timeout"> {
  if (!(error instanceof Error)) return "unreachable";
  const { code, name, cause } = error as Error & { readonly code?: unknown };
  if (tooLarge.includes(code)) return "fields-too-large";
  const isOfParser = name === "HTTPParserError" || String(code).startsWith("HPE_");
  return isOfParser || error instanceof InvalidResponse ? "invalid-response" : troubleBy(cause);
}

/** The state of an origin or page. `isProbe`: a probe is due, and the caller sends it. */
type OriginState = { kind: "well" } | { kind: "page-failing" | "down"; isProbe: boolean };

/** The number of failing paths that starts a probe. A single path must not open the breaker of the origin. */
const failingPathsToOpen = 5;
/** The time after which a failure is forgotten. */
const failuresWithinMs = 10_000;
/** The time after an answer in which failures start no probe. */
const wellForMs = 5_000;
/** The time for which an answer shows that anonymous requests are served. */
const anonymousForMs = 3_600_000;
const refusedForMs = 15 * 60_000;
const openMsMax = 5_000;
const pauseMs = 1_000;
/** The time after which another probe may begin. The runtime may end a probe without a result. */
const probeMsMax = 25_000;

/** The fraction of a retry that each answer adds to the budget, up to `retriesMax`. */
const retriesPerRequest = 0.1;
const retriesMax = 10;

/** The health of each origin, as observed by this isolate. Instants are in epoch milliseconds. */
export class OriginHealth {
  readonly #tell: Log;
  readonly #origins = new Map<string, Origin>();
  /** The pages that have failed since they last answered. The mark is a pause. */
  readonly #failing = new Marks(pauseMs);
  readonly #refreshes = new Marks(pauseMs);
  readonly #tierLookups = new Marks(pauseMs);

  /** @param tell receives a log line when an origin begins to fail, and when it recovers */
  constructor(tell: Log = () => undefined) {
    this.#tell = tell;
  }

  /** Returns the state of the origin if it is down, or else of the page. */
  kindOf({ route, key }: HealthPage): OriginState["kind"] {
    if (this.#origins.get(route.origin)?.breaker.isOpen === true) return "down";
    return this.#failing.remembers(key.text) ? "page-failing" : "well";
  }

  /** Returns the state, and begins a due probe. */
  ask(page: HealthPage, atMs: number): OriginState {
    const kind = this.kindOf(page);
    if (kind === "well") return { kind };
    const isProbe =
      kind === "down"
        ? this.#origin(page.route.origin).breaker.ask(atMs) === "probe"
        : this.#failing.begin(page.key.text, atMs);
    return { kind, isProbe };
  }

  /**
   * Returns whether a stale response may answer without a read of the lower tiers, because its
   * origin or page fails. Returns false once a second, because another colo may have a newer
   * response.
   *
   * @param effects `none`: does not begin the second
   */
  sparesLookup(page: HealthPage, atMs: number, effects: "all" | "none"): boolean {
    if (this.kindOf(page) === "well") return false;
    const { text } = page.key;
    return effects === "none"
      ? this.#tierLookups.has(text, atMs)
      : !this.#tierLookups.begin(text, atMs);
  }

  /** Returns whether a hit may refresh its page: at most once a second. */
  mayRefresh(page: string, atMs: number): boolean {
    return this.#refreshes.begin(page, atMs);
  }

  /** Counts an answer. Even an error response shows that the origin can be reached. */
  answered(given: HealthRequest, answer: HealthAnswer, atMs: number): void {
    const origin = this.#origin(given.origin);
    origin.retries = Math.min(retriesMax, origin.retries + retriesPerRequest);
    origin.failing.clear();
    origin.breaker.succeeded();
    origin.condition.succeeded(atMs);
    origin.breakerOpen.succeeded(atMs);
    origin.wellAtMs = atMs;
    origin.probeBeganAtMs = -Infinity;
    if (!answer.isError) origin.wellTarget = given.target;
    const { page, isAnonymous = false } = given;
    if (isAnonymous && answer.isRefused === true) origin.refused(atMs);
    else if (isAnonymous) origin.anonymousAtMs = atMs;
    if (page !== undefined && !answer.isError) this.#failing.forget(page);
    else if (page !== undefined && isAnonymous) this.#failing.begin(page, atMs);
  }

  /** Returns whether the origin has accepted an anonymous request in the last hour. */
  servesAnonymous(name: string, atMs: number): boolean {
    return isWithinMs(anonymousForMs, this.#origin(name).anonymousAtMs, atMs);
  }

  /** Returns the origins that recently answered all anonymous requests with refusals, and since when. */
  refusingAnonymous(atMs: number): ReadonlyMap<string, number> {
    const refusing = [...this.#origins].filter(
      ([name, { refusals }]) =>
        isWithinMs(refusedForMs, refusals.lastAtMs, atMs) && !this.servesAnonymous(name, atMs),
    );
    return new Map(refusing.map(([name, { refusals }]) => [name, refusals.sinceAtMs]));
  }

  /**
   * Counts an origin request without a response. Clients may provoke this failure, so only a failed probe
   * opens the breaker of the origin.
   *
   * @returns whether a probe is due, which the caller sends
   */
  failed(given: HealthRequest, atMs: number, trouble: OriginTrouble = "unreachable"): boolean {
    const { page, isAnonymous = false } = given;
    if (page !== undefined && isAnonymous) this.#failing.begin(page, atMs);
    const origin = this.#origin(given.origin);
    const { failing, breaker, condition, breakerOpen, wellAtMs } = origin;
    condition.failed(trouble, atMs);
    for (const [path, failedAtMs] of failing) {
      if (Math.abs(atMs - failedAtMs) > failuresWithinMs) failing.delete(path);
    }
    // Count paths without queries, because a client could invent any number of queries that hang.
    if (failing.size < failingPathsToOpen) failing.set(given.target.path, atMs);
    if (breaker.isOpen) breakerOpen.failed("down", atMs);
    const wasJustWell = isWithinMs(wellForMs, wellAtMs, atMs);
    const isProbed = isWithinMs(probeMsMax, origin.probeBeganAtMs, atMs);
    const isInDoubt = failing.size >= failingPathsToOpen && !wasJustWell && !breaker.isOpen;
    if (!isInDoubt || isProbed) return false;
    origin.probeBeganAtMs = atMs;
    return true;
  }

  /** Opens the breaker of the origin after a failed probe, unless it has answered since the probe began. */
  probeFailed(name: string, atMs: number): void {
    const origin = this.#origin(name);
    if (origin.probeBeganAtMs === -Infinity) return;
    origin.probeBeganAtMs = -Infinity;
    origin.breaker.failed(atMs);
    origin.breakerOpen.failed("down", atMs);
  }

  /** Returns the target of the last answer that was not an error, for probes. */
  wellTarget(name: string): Target | undefined {
    return this.#origin(name).wellTarget;
  }

  /** Takes a retry from the budget. Returns false if no retry is left or the breaker of the origin is open. */
  takeRetry(name: string): boolean {
    const origin = this.#origin(name);
    if (origin.breaker.isOpen || origin.retries < 1) return false;
    origin.retries -= 1;
    return true;
  }

  /** The names of the origins whose breakers are open. */
  get openBreakers(): string[] {
    return [...this.#origins].filter(([, { breaker }]) => breaker.isOpen).map(([name]) => name);
  }

  /** The last failure of each origin, even if the origin has recovered. */
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
  "invalid-response": "sends invalid responses",
  "fields-too-large": "sends header fields of more than 128 KiB, or 16 KiB to fetch on Node",
  timeout: "does not answer in time",
};

/** The state of one origin. */
class Origin {
  readonly breaker = new Breaker(openMsMax, 1);
  readonly condition: Condition<OriginTrouble>;
  /** Reports that the origin gets only probes, because a probe failed. */
  readonly breakerOpen: Condition<"down">;
  /** The instants of failures since the last answer, by path. */
  readonly failing = new Map<string, number>();
  wellAtMs = -Infinity;
  anonymousAtMs = -Infinity;
  /** The first and the last of the refusals of anonymous requests, with gaps below 15 minutes. */
  refusals = { sinceAtMs: -Infinity, lastAtMs: -Infinity };
  /** The start of a running probe; `-Infinity` for none. */
  probeBeganAtMs = -Infinity;
  wellTarget: Target | undefined;
  retries = retriesMax;

  /** @param name the name in the configuration */
  constructor(name: string, tell: Log) {
    const origin = `Origin ${JSON.stringify(name)}`;
    this.condition = new Condition({
      tell,
      about: () => ({ event: "origin", origin: name }),
      troubleLine: (trouble) => `${origin} ${whys[trouble]}.`,
      wellLine: (lasted) => `${origin} answers again after ${lasted}.`,
    });
    this.breakerOpen = new Condition({
      tell,
      about: () => ({ event: "breaker", part: "origin", origin: name }),
      troubleLine: () => `${origin} has an open circuit breaker: only background probes use it.`,
      wellLine: (lasted) => `${origin} works again: its circuit breaker was open for ${lasted}.`,
    });
  }

  refused(atMs: number): void {
    const { sinceAtMs, lastAtMs } = this.refusals;
    const isSame = isWithinMs(refusedForMs, lastAtMs, atMs);
    this.refusals = { sinceAtMs: isSame ? sinceAtMs : atMs, lastAtMs: atMs };
  }
}

const timesMax = 15;
const stallMsMin = 1_000;
/** Limits the effect of the median, which a client can raise with requests for slow URLs. */
const stallMsMax = 2_000;

/** The last times of each route, as measured by this isolate. */
export class HeadTimes {
  readonly #byRoute = new Map<string, number[]>();

  /**
   * Adds the time between a request and its response's head. Instants are in epoch milliseconds.
   */
  add(route: string, response: { requestedAtMs: number; respondedAtMs: number }): void {
    const times = this.#byRoute.get(route) ?? [];
    times.push(response.respondedAtMs - response.requestedAtMs);
    if (times.length > timesMax) times.shift();
    this.#byRoute.set(route, times);
  }

  /** Returns twice the route's median, but at least one second and at most two. */
  stallsAfterMs(route: string): number {
    const times = this.#byRoute.get(route)?.toSorted((a, b) => a - b) ?? [];
    const medianMs = times[Math.floor(times.length / 2)] ?? 0;
    return Math.min(stallMsMax, Math.max(stallMsMin, 2 * medianMs));
  }
}
