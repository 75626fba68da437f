// Warms pages through a site's addresses: each page by the site first, then by each further colo.
import { type CommandError, failure } from "../command-error.ts";
import type { World } from "../world.ts";
import { type Asked, askPage } from "./ask-page.ts";
import type { DoneBook } from "./done-book.ts";
import { keyOf, type Page } from "./page-list.ts";
import type { Tally } from "./tally.ts";
import type { Outcome } from "./told-status.ts";
import type { Turns } from "./turns.ts";

export interface WarmingSettings {
  /** The site's own, then those of further colos. */
  readonly addresses: readonly string[];
  /** With the fields of its variant. */
  readonly pages: Iterable<Page>;
  readonly done: DoneBook;
  readonly turns: Turns;
  readonly tally: Tally;
  readonly concurrencyMax: number;
  readonly world: World;
  /** Told after so many requests that were planned have been made, or cannot be. */
  readonly onSteps: (count: number) => void;
  /** Told of those that an earlier run has made. */
  readonly onNotNeeded: (count: number) => void;
  readonly onPause: (pauseMs: number, why: string) => void;
}

interface Step {
  readonly page: Page;
  /** Not before the tier that colos share has it, which is written behind the answer. */
  readonly dueAtMs: number;
  readonly tries: number;
}

interface Lane {
  readonly queue: Step[];
  busy: number;
}

const sharedAfterMs = 2_000;
const triesMax = 3;
const queuedMax = 1_000;
const troubleRunMax = 20;
const strangersMax = 3;
const retryAfterMsMax = 15 * 60_000;

export class Warming {
  readonly #settings: WarmingSettings;
  readonly #lanes: readonly Lane[];
  readonly #pages: Iterator<Page>;
  #arePagesOver = false;
  #stop: CommandError | undefined;
  #changed = Promise.withResolvers<void>();
  #troubleRun = 0;
  #strangers = 0;
  #isKnownAsOurs = false;

  constructor(settings: WarmingSettings) {
    this.#settings = settings;
    this.#lanes = settings.addresses.map(() => ({ queue: [], busy: 0 }));
    this.#pages = settings.pages[Symbol.iterator]();
  }

  /**
   * Resolves when all is done, or once it is interrupted.
   *
   * @throws CommandError where going on makes no sense: the site is in trouble, or is not Tidemark's
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
    if (this.#strangers > 0 && !this.#isKnownAsOurs) throw this.#notTidemark();
  }

  async #work(laneAt: number): Promise<void> {
    const { turns, addresses, world } = this.#settings;
    const lane = this.#lane(laneAt);
    for (;;) {
      const step = await this.#next(laneAt);
      if (step === undefined) return this.#wake();
      await turns.taken(laneAt);
      const { path, headers = {} } = step.page;
      const asked = this.#isToEnd
        ? ({ kind: "interrupted" } as const)
        : await askPage(`${addresses[laneAt]}${path}`, headers, world);
      const answer = asked.kind === "answered" ? asked : undefined;
      const isFromOrigin = asked.kind !== "answered" || asked.outcome.isFromOrigin;
      turns.ended(laneAt, { isFromOrigin, ...(answer && { answer }) });
      this.#handle(laneAt, step, asked);
      lane.busy -= 1;
      this.#wake();
    }
  }

  get #isToEnd(): boolean {
    return this.#stop !== undefined || this.#settings.world.interrupted.aborted;
  }

  /** @returns `undefined` when the lane has nothing more to do */
  async #next(laneAt: number): Promise<Step | undefined> {
    const { world } = this.#settings;
    const lane = this.#lane(laneAt);
    while (!this.#isToEnd && !this.#isOver(laneAt)) {
      const first = lane.queue[0] ?? (laneAt === 0 ? this.#nextOfPages() : undefined);
      if (first === undefined) {
        await this.#changed.promise;
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

  /** Not while colos behind have much to catch up with. */
  #nextOfPages(): Step | undefined {
    const { done, addresses, onNotNeeded } = this.#settings;
    while (!this.#arePagesOver && (this.#lanes[1]?.queue.length ?? 0) < queuedMax) {
      const next = this.#pages.next();
      if (next.done === true) {
        this.#arePagesOver = true;
        this.#wake();
      } else if (done.has(keyOf(next.value))) {
        onNotNeeded(addresses.length);
      } else {
        return { page: next.value, dueAtMs: 0, tries: 0 };
      }
    }
    return undefined;
  }

  #isOver(laneAt: number): boolean {
    const { queue, busy } = this.#lane(laneAt);
    if (queue.length > 0 || busy > 0) return false;
    return laneAt === 0 ? this.#arePagesOver : this.#isOver(laneAt - 1);
  }

  #handle(laneAt: number, step: Step, asked: Asked): void {
    if (asked.kind === "interrupted") return;
    const { isTidemark, outcome } = asked;
    this.#isKnownAsOurs ||= isTidemark;
    if (asked.kind === "trouble") {
      if (this.#isRetried(laneAt, step, asked)) return;
    } else {
      this.#troubleRun = 0;
      if (!isTidemark && !this.#isKnownAsOurs) {
        this.#strangers += 1;
        if (this.#strangers >= strangersMax) this.#stop ??= this.#notTidemark();
      }
    }
    this.#settled(laneAt, step, outcome);
  }

  #settled(laneAt: number, { page }: Step, outcome: Outcome): void {
    const { tally, done, addresses, onSteps, world } = this.#settings;
    tally.note(laneAt, { what: page.path, ...outcome });
    const isThere = outcome.result === "already" || outcome.result === "warmed";
    const following = this.#lanes[laneAt + 1];
    if (isThere && following !== undefined) {
      const dueAtMs = world.nowAtMs() + (outcome.result === "warmed" ? sharedAfterMs : 0);
      following.queue.push({ page, dueAtMs, tries: 0 });
      return onSteps(1);
    }
    if (outcome.result !== "failed") done.note(keyOf(page));
    onSteps(addresses.length - laneAt);
  }

  #isRetried(laneAt: number, step: Step, asked: Extract<Asked, { kind: "trouble" }>): boolean {
    const { turns, world, onPause } = this.#settings;
    const { retryAfterMs, outcome } = asked;
    const why = outcome.why ?? "";
    this.#troubleRun += 1;
    if (this.#troubleRun >= troubleRunMax) {
      this.#stop ??= stopped(`The last ${troubleRunMax} requests failed: ${why}.`);
      return false;
    }
    if (retryAfterMs !== undefined && retryAfterMs > retryAfterMsMax) {
      this.#stop ??= stopped(`The site asks to come back in ${Math.ceil(retryAfterMs / 1_000)} s.`);
      return false;
    }
    const isPausing = turns.pauseMs > 0;
    const pauseMs = turns.troubled(retryAfterMs);
    if (!isPausing) onPause(pauseMs, why);
    const tries = step.tries + 1;
    if (tries === triesMax) return false;
    const again = { ...step, tries, dueAtMs: world.nowAtMs() + pauseMs };
    this.#lane(laneAt).queue.push(again);
    return true;
  }

  #notTidemark(): CommandError {
    return failure(
      {
        what: `${this.#settings.addresses[0]} did not answer as Tidemark does.`,
        why: "Its answers have no Cache-Status of Tidemark, so nobody can tell what was stored.",
        mend: "Name the address that Tidemark stands before. Let no cache in front take Cache-Status away.",
      },
      "not-tidemark",
    );
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

function stopped(why: string): CommandError {
  return failure(
    {
      what: "The warming has stopped.",
      why,
      mend: "Look at the origin. The same command goes on where it stopped.",
    },
    "site-in-trouble",
  );
}
