// Warms pages through the addresses of a site: first at the site, then at each further colo.
import type { CommandError } from "../command-error.ts";
import type { World } from "../world.ts";
import { type WarmAnswer, askPage } from "./ask-page.ts";
import type { DoneBook } from "./done-book.ts";
import { keyOf, type Page } from "./page-list.ts";
import { notTidemark, stopped } from "./report.ts";
import type { Tally } from "./tally.ts";
import { notAsked, type Outcome } from "./told-status.ts";
import type { Turns } from "./turns.ts";

export interface WarmingSettings {
  /** The site's own address, then those of further colos. */
  readonly addresses: readonly string[];
  /** Pages with the fields of their variants. */
  readonly pages: Iterable<Page>;
  readonly done: DoneBook;
  readonly turns: Turns;
  readonly tally: Tally;
  readonly concurrencyMax: number;
  readonly world: World;
  /** Called with the number of planned requests that were made or skipped. */
  readonly onSteps: (count: number) => void;
  /** Called with the number of requests that an earlier run has made. */
  readonly onNotNeeded: (count: number) => void;
  readonly onPause: (address: string, pauseMs: number, why: string) => void;
  readonly onGivenUp: (address: string, why: string) => void;
}

interface Step {
  readonly page: Page;
  /** The earliest time for this step: once the shared tier should have the page, or after a pause. */
  readonly dueAtMs: number;
  readonly tries: number;
  /** Whether the page failed at an earlier address. */
  readonly hasFailed: boolean;
}

interface Lane {
  readonly queue: Step[];
  busy: number;
  /** The number of consecutive requests that ended in trouble. */
  troubleRun: number;
  /** Whether this address gets no more requests, because it keeps failing or sent a long Retry-After. */
  isGivenUp: boolean;
}

const sharedAfterMs = 2_000;
const triesMax = 3;
const queuedMax = 1_000;
const troubleRunMax = 20;
/** The limit for a further colo. With the usual pauses, a colo reaches the limit after half a minute. */
const coloTroubleRunMax = 6;
const strangersMax = 3;
const retryAfterMsMax = 15 * 60_000;

export class WarmRun {
  readonly #settings: WarmingSettings;
  readonly #lanes: readonly Lane[];
  readonly #pages: Iterator<Page>;
  #arePagesOver = false;
  #stop: CommandError | undefined;
  #changed = Promise.withResolvers<void>();
  #strangers = 0;
  #isKnownAsOurs = false;

  constructor(settings: WarmingSettings) {
    this.#settings = settings;
    const lane = { busy: 0, troubleRun: 0, isGivenUp: false };
    this.#lanes = settings.addresses.map(() => ({ ...lane, queue: [] }));
    this.#pages = settings.pages[Symbol.iterator]();
  }

  /**
   * Warms all pages. Resolves early on interruption.
   *
   * @throws CommandError if the site keeps failing, or is not Tidemark
   */
  async run(): Promise<void> {
    const { concurrencyMax, world } = this.#settings;
    const wake = () => this.#wake();
    world.interrupted.addEventListener("abort", wake, { once: true });
    const workers = this.#lanes.flatMap((_, laneAt) =>
      Array.from({ length: concurrencyMax }, () => this.#work(laneAt)),
    );
    await Promise.all(workers);
    world.interrupted.removeEventListener("abort", wake);
    if (this.#stop !== undefined) throw this.#stop;
    if (this.#strangers > 0 && !this.#isKnownAsOurs) throw notTidemark(this.#settings.addresses);
  }

  async #work(laneAt: number): Promise<void> {
    const lane = this.#lane(laneAt);
    for (;;) {
      const step = await this.#next(laneAt);
      if (step === undefined) return this.#wake();
      if (lane.isGivenUp) this.#settled(laneAt, step, notAsked);
      else this.#handle(laneAt, step, await this.#request(laneAt, step));
      lane.busy -= 1;
      this.#wake();
    }
  }

  async #request(laneAt: number, { page: { path, headers = {} } }: Step): Promise<WarmAnswer> {
    const { turns, addresses, world } = this.#settings;
    await turns.taken(laneAt);
    const result: WarmAnswer = this.#isToEnd
      ? { kind: "interrupted" }
      : await askPage(`${addresses[laneAt]}${path}`, headers, world);
    const answer = result.kind === "answered" ? result : undefined;
    // An unreachable further colo does not mean trouble at the origin.
    const isUnreached =
      laneAt > 0 && result.kind === "trouble" && result.outcome.status === undefined;
    const isFromOrigin = answer?.outcome.isFromOrigin ?? !isUnreached;
    turns.ended(laneAt, { isFromOrigin, ...(answer && { answer }) });
    return result;
  }

  get #isToEnd(): boolean {
    return this.#stop !== undefined || this.#settings.world.interrupted.aborted;
  }

  /** Returns `undefined` when the lane has no more work, or the run is to end. */
  async #next(laneAt: number): Promise<Step | undefined> {
    const { world } = this.#settings;
    const lane = this.#lane(laneAt);
    while (!this.#isToEnd && !this.#isOver(laneAt)) {
      const first = lane.queue[0] ?? (laneAt === 0 ? this.#nextOfPages() : undefined);
      if (first === undefined) {
        // If the lane's work is over, nothing wakes this worker any more.
        if (!this.#isOver(laneAt)) await this.#changed.promise;
        continue;
      }
      const aheadMs = first.dueAtMs - world.nowAtMs();
      if (aheadMs > 0) {
        await world.sleep(aheadMs);
        continue;
      }
      if (lane.queue[0] === first) lane.queue.shift();
      lane.busy += 1;
      return first;
    }
    return undefined;
  }

  /** Returns the next page, unless further colos are too far behind. */
  #nextOfPages(): Step | undefined {
    const { done, addresses, onNotNeeded } = this.#settings;
    while (!this.#arePagesOver && this.#lanes.every(({ queue }) => queue.length < queuedMax)) {
      const next = this.#pages.next();
      if (next.done === true) {
        this.#arePagesOver = true;
        this.#wake();
      } else if (done.has(keyOf(next.value))) {
        onNotNeeded(addresses.length);
      } else {
        return { page: next.value, dueAtMs: 0, tries: 0, hasFailed: false };
      }
    }
    return undefined;
  }

  #isOver(laneAt: number): boolean {
    const { queue, busy } = this.#lane(laneAt);
    if (queue.length > 0 || busy > 0) return false;
    return laneAt === 0 ? this.#arePagesOver : this.#isOver(laneAt - 1);
  }

  #handle(laneAt: number, step: Step, answer: WarmAnswer): void {
    if (answer.kind === "interrupted") return;
    const { isTidemark, outcome } = answer;
    this.#isKnownAsOurs ||= isTidemark;
    if (answer.kind === "trouble") {
      if (this.#isRetried(laneAt, step, answer)) return;
    } else {
      this.#lane(laneAt).troubleRun = 0;
      if (!isTidemark && !this.#isKnownAsOurs) {
        this.#strangers += 1;
        if (this.#strangers >= strangersMax) this.#stop ??= notTidemark(this.#settings.addresses);
      }
    }
    this.#settled(laneAt, step, outcome);
  }

  #settled(laneAt: number, { page, ...step }: Step, outcome: Outcome): void {
    const { tally, done, addresses, onSteps, world } = this.#settings;
    tally.note(laneAt, { what: page.path, ...outcome });
    const isThere = outcome.result === "already" || outcome.result === "warmed";
    const hasFailed = step.hasFailed || outcome.result === "failed";
    const following = this.#lanes[laneAt + 1];
    // Further colos do not depend on each other, but all of them need the page at the site first.
    if ((isThere || laneAt > 0) && following !== undefined) {
      const dueAtMs = world.nowAtMs() + (outcome.result === "warmed" ? sharedAfterMs : 0);
      following.queue.push({ page, dueAtMs, tries: 0, hasFailed });
      return onSteps(1);
    }
    if (!hasFailed) done.note(keyOf(page));
    onSteps(addresses.length - laneAt);
  }

  #isRetried(laneAt: number, step: Step, reply: Extract<WarmAnswer, { kind: "trouble" }>): boolean {
    const { turns, world, onPause } = this.#settings;
    const { retryAfterMs, outcome } = reply;
    const lane = this.#lane(laneAt);
    const why = outcome.why ?? "";
    lane.troubleRun += 1;
    const runMax = laneAt === 0 ? troubleRunMax : coloTroubleRunMax;
    if (lane.troubleRun >= runMax) {
      return this.#giveUp(laneAt, `The last ${runMax} requests failed: ${why}.`);
    }
    if (retryAfterMs !== undefined && retryAfterMs > retryAfterMsMax) {
      const afterSeconds = Math.ceil(retryAfterMs / 1_000);
      return this.#giveUp(laneAt, `The site sends a Retry-After of ${afterSeconds} s.`);
    }
    const isPausing = turns.pauseMs(laneAt) > 0;
    const pauseMs = turns.troubled(laneAt, retryAfterMs);
    if (!isPausing) onPause(this.#address(laneAt), pauseMs, why);
    const tries = step.tries + 1;
    if (tries === triesMax) return false;
    const again = { ...step, tries, dueAtMs: world.nowAtMs() + pauseMs };
    lane.queue.push(again);
    return true;
  }

  /** Gives up an address. The site's own address stops the whole run; a colo gets no more requests. */
  #giveUp(laneAt: number, why: string): false {
    if (laneAt === 0) this.#stop ??= stopped(why);
    const lane = this.#lane(laneAt);
    if (!lane.isGivenUp && laneAt > 0) this.#settings.onGivenUp(this.#address(laneAt), why);
    lane.isGivenUp = true;
    return false;
  }

  #address(laneAt: number): string {
    return this.#settings.addresses[laneAt] ?? "";
  }

  #lane(at: number): Lane {
    const lane = this.#lanes[at];
    if (lane === undefined) throw new RangeError(`There is no lane ${at}.`);
    return lane;
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
