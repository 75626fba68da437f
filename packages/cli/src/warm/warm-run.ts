// Requests pages through the site's address, a few at once, and pauses while the site is in trouble.
import { type CommandError, failure } from "../command-error.ts";
import type { World } from "../world.ts";
import type { Page } from "./page-list.ts";
import { retryAfterSeconds } from "../../../../src/http-rules.ts";
import type { WarmResult } from "../../../../src/protocol/answers.ts";
import { cacheMembers, isOurs } from "../asking/cache-status.ts";
import { networkFailure } from "../asking/network-failure.ts";
import { userAgent } from "../version.ts";
import type { WarmOrder } from "../../../../src/protocol/operator-orders.ts";
import type { SiteClient } from "../site/site-client.ts";

interface RunSettings {
  readonly origin: string;
  readonly pages: Iterable<Page>;
  /** The limit of requests in progress. */
  readonly concurrency: number;
  /** The limit of requests per second; Infinity for none. */
  readonly ratePerSecondMax: number;
  readonly world: World;
  readonly onOutcome: (page: Page, outcome: Outcome) => void;
  readonly onPause: (pauseMs: number, why: string) => void;
}

const triesMax = 3;
/** The number of consecutive failed requests that end the run. */
const troubleRunMax = 20;
/** The number of answers that are not from Tidemark, before one is, that end the run. */
const strangersMax = 3;
const retryAfterMsMax = 15 * 60_000;
/** The pause without a Retry-After. The pause doubles until a request succeeds. */
const pauseMsFirst = 1_000;
const pauseMsMax = 60_000;
/** The longest sleep, so that a worker notices soon that the run has stopped. */
const sleepMsMax = 1_000;

export class WarmRun {
  readonly #settings: RunSettings;
  readonly #pages: Iterator<Page>;
  /** The earliest time of the next request, by the rate limit. */
  #nextAtMs = 0;
  #pausedUntilMs = 0;
  #pauseMs = pauseMsFirst;
  #troubleRun = 0;
  #strangers = 0;
  #isKnownAsOurs = false;
  #stop: CommandError | undefined;

  constructor(settings: RunSettings) {
    this.#settings = settings;
    this.#pages = settings.pages[Symbol.iterator]();
  }

  /**
   * Warms all pages. Resolves early on interruption.
   *
   * @throws CommandError if the site keeps failing, or is not Tidemark
   */
  async run(): Promise<void> {
    const { concurrency, origin } = this.#settings;
    await Promise.all(Array.from({ length: concurrency }, () => this.#work()));
    if (this.#stop !== undefined) throw this.#stop;
    if (this.#strangers > 0 && !this.#isKnownAsOurs) throw notTidemark(origin);
  }

  get #isToEnd(): boolean {
    return this.#stop !== undefined || this.#settings.world.interrupted.aborted;
  }

  async #work(): Promise<void> {
    while (!this.#isToEnd) {
      const next = this.#pages.next();
      if (next.done === true) return;
      await this.#warm(next.value);
    }
  }

  async #warm(page: Page): Promise<void> {
    const { origin, world, onOutcome } = this.#settings;
    for (let tries = 1; ; tries += 1) {
      await this.#turn();
      if (this.#isToEnd) return;
      const answer = await askPage(origin, page, world);
      if (answer === "interrupted") return;
      this.#isKnownAsOurs ||= answer.isTidemark;
      if (answer.kind === "trouble" && this.#mayRetry(answer) && tries < triesMax) continue;
      if (answer.kind === "answered") this.#answered(answer.isTidemark);
      return onOutcome(page, answer.outcome);
    }
  }

  /** Waits for the end of a pause and for the rate limit. */
  async #turn(): Promise<void> {
    const { ratePerSecondMax, world } = this.#settings;
    for (;;) {
      const now = world.nowAtMs();
      const waitMs = Math.max(this.#pausedUntilMs, this.#nextAtMs) - now;
      if (waitMs <= 0 || this.#isToEnd) {
        this.#nextAtMs = now + 1_000 / ratePerSecondMax;
        return;
      }
      await world.sleep(Math.min(waitMs, sleepMsMax));
    }
  }

  #answered(isTidemark: boolean): void {
    this.#troubleRun = 0;
    this.#pauseMs = pauseMsFirst;
    if (isTidemark || this.#isKnownAsOurs) return;
    this.#strangers += 1;
    if (this.#strangers >= strangersMax) this.#stop ??= notTidemark(this.#settings.origin);
  }

  /** Pauses all requests, or stops the run. */
  #mayRetry({ outcome, retryAfterMs = 0 }: PageAnswer): boolean {
    this.#troubleRun += 1;
    const { why = "no reason given" } = outcome;
    if (this.#troubleRun >= troubleRunMax) {
      this.#stop ??= stopped(`The last ${troubleRunMax} requests failed: ${why}.`);
    } else if (retryAfterMs > retryAfterMsMax) {
      const seconds = Math.ceil(retryAfterMs / 1_000);
      this.#stop ??= stopped(`The site sends a Retry-After of ${seconds} s.`);
    } else {
      this.#pause(retryAfterMs, why);
    }
    return this.#stop === undefined;
  }

  /** @param retryAfterMs 0 without Retry-After. A Retry-After of 0 from a failing site also is ignored. */
  #pause(retryAfterMs: number, why: string): void {
    const { world, onPause } = this.#settings;
    const now = world.nowAtMs();
    const isPausing = now < this.#pausedUntilMs;
    if (isPausing && retryAfterMs === 0) return;
    const pauseMs = retryAfterMs || this.#pauseMs;
    if (!isPausing) {
      this.#pauseMs = Math.min(2 * this.#pauseMs, pauseMsMax);
      onPause(pauseMs, why);
    }
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, now + pauseMs);
  }
}

function notTidemark(site: string): CommandError {
  return failure(
    {
      what: `${site} did not answer like Tidemark.`,
      why: "Its responses have no Cache-Status of Tidemark, so it is unknown what was stored.",
      hint: "Use the address of the site behind Tidemark. No cache in front of it may remove Cache-Status.",
    },
    "not-tidemark",
  );
}

function stopped(why: string): CommandError {
  return failure(
    {
      what: "The warming has stopped.",
      why,
      hint: "Check the origin. Then run the same command again.",
    },
    "site-in-trouble",
  );
}

/** The result of a page. */
export interface Outcome {
  readonly result: WarmResult;
  /** The response's status; absent without a response. */
  readonly status?: number | undefined;
  /** The reason if the page was not stored, was not looked up, or failed. */
  readonly why?: string | undefined;
}

interface PageAnswer {
  /** `trouble`: the site or its origin failed, but a retry may succeed. */
  readonly kind: "answered" | "trouble";
  readonly outcome: Outcome;
  readonly isTidemark: boolean;
  /** `undefined` without a valid Retry-After. */
  readonly retryAfterMs: number | undefined;
}

const answerMsMax = 120_000;
/** The time limit for a body that fills no tier, because that body may be an endless stream. */
const restMsMax = 1_000;
const troubleStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** The Accept-Encoding of browsers, so that their variant is warmed, and the command's own User-Agent. */
const browserFields = { "accept-encoding": "gzip, deflate, br, zstd", "user-agent": userAgent };

/** Requests a page. Never rejects. */
async function askPage(
  origin: string,
  { path, headers }: Page,
  world: World,
): Promise<PageAnswer | "interrupted"> {
  const { interrupted } = world;
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(answerMsMax)]);
  try {
    const response = await world.fetch(origin + path, {
      headers: { ...browserFields, ...headers },
      // Do not follow redirects, because they are stored like other responses.
      redirect: "manual",
      signal,
    });
    const answer = read(response, world.nowAtMs());
    const isFilling = answer.outcome.result === "warmed";
    await readBody(response, isFilling ? answerMsMax : restMsMax);
    return answer;
  } catch (cause) {
    if (interrupted.aborted) return "interrupted";
    const { why } = networkFailure(cause, answerMsMax);
    const outcome = { result: "failed", why } as const;
    return { kind: "trouble", outcome, retryAfterMs: undefined, isTidemark: false };
  }
}

/**
 * Reads the body to its end or until the timeout. After a body is read to its end, the next page can use the
 * connection.
 */
async function readBody({ body }: Response, msMax: number): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  const late = AbortSignal.timeout(msMax);
  late.addEventListener("abort", () => void reader.cancel().catch(() => undefined));
  while (!(await reader.read()).done);
}

const staleWhy = "the origin failed, and a stale response answered";

function read(response: Response, nowAtMs: number): PageAnswer {
  const { status, headers } = response;
  const why = status >= 400 ? `status ${status}` : "the response has no Cache-Status of Tidemark";
  const outcome = outcomeOf(response) ?? { result: "failed", status, why };
  const isTrouble = troubleStatuses.has(status) || outcome.why === staleWhy;
  const seconds = retryAfterSeconds(headers.get("retry-after"), nowAtMs);
  return {
    kind: isTrouble ? "trouble" : "answered",
    outcome,
    isTidemark: isOurs(headers),
    retryAfterMs: seconds === undefined ? undefined : seconds * 1_000,
  };
}

/** Returns `undefined` if the response is not from Tidemark. */
function outcomeOf({ status, headers }: Response): Outcome | undefined {
  const { ours } = cacheMembers(headers);
  if (ours === undefined) return undefined;
  const { isHit, detail, parameters } = ours;
  if (detail.endsWith("stale-if-error")) return { result: "failed", status, why: staleWhy };
  if (status >= 400) return { result: "failed", status, why: `status ${status}` };
  if (isHit) {
    const ttlSeconds = Number(parameters.get("ttl") ?? 0);
    // Tidemark refreshes a stale response in the background, so the page is warmed.
    return { result: ttlSeconds < 0 ? "warmed" : "already", status };
  }
  if (parameters.get("stored") === true || parameters.get("collapsed") === true) {
    return { result: "warmed", status };
  }
  const forward = parameters.get("fwd");
  const isPassedBy = forward === "bypass" || forward === "method";
  const reason = detail || (typeof forward === "string" ? forward : undefined);
  return { result: isPassedBy ? "passed-by" : "not-stored", status, why: reason };
}

/** Each call sends the whole list. With the longest paths, this many pages fit into its 256 KiB. */
const listCountMax = 24;

type WithinSettings = Pick<RunSettings, "pages" | "world" | "onOutcome"> & {
  readonly client: SiteClient;
};

/**
 * Warms all pages. Resolves early on interruption.
 *
 * @throws CommandError if the site rejects a call, or is unreachable
 */
export async function warmWithin(settings: WithinSettings): Promise<void> {
  let list: Page[] = [];
  for (const page of settings.pages) {
    list.push(page);
    if (list.length < listCountMax) continue;
    await warmList(list, settings);
    list = [];
  }
  if (list.length > 0) await warmList(list, settings);
}

async function warmList(
  list: readonly Page[],
  { client, world, onOutcome }: WithinSettings,
): Promise<void> {
  const { origin } = client.site;
  const pages = list.map(({ path, headers }) =>
    headers === undefined ? path : { url: origin + path, headers },
  );
  for (let cursor = 0; !world.interrupted.aborted;) {
    const body: WarmOrder = { pages, cursor };
    const { done, next } = await client.json("warm", { method: "POST", body });
    for (const [at, outcome] of done.entries()) {
      const page = list[cursor + at];
      if (page !== undefined) onOutcome(page, outcome);
    }
    if (next === null) return;
    if (next <= cursor) throw standing(cursor);
    cursor = next;
  }
}

function standing(cursor: number) {
  return failure({
    what: "The warming has stopped.",
    why: `The Worker makes no progress: its answers do not advance beyond ${cursor}.`,
    hint: "Deploy a Worker of this version. Then run the same command again.",
  });
}
