// Requests pages through the site's address, a few at once, and pauses while the site is in trouble.
import { type CommandError, failure } from "../command-error.ts";
import type { World } from "../world.ts";
import { askPage, type Outcome, type PageAnswer } from "./ask-page.ts";
import type { Page } from "./page-list.ts";

export interface RunSettings {
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
