// Random histories of scheduled purges, in the same world as histories of views. Each page changes at
// the purge's time + `settleSeconds`. Invariants: no response from before this change answers after the
// deadline of `plan-ledger.ts`. No scheduled purge ends a response earlier than 2 A before its time, and
// none that was cancelled does. No cancel is accepted later than N before the time.
import { Course, type History, type HistoryOptions } from "./course.ts";
import { SimulatedWorld } from "./journal-simulator.ts";
import { type Plan, PlanLedger } from "./plan-ledger.ts";
import type { SimulatedFill, SimulatedIsolate } from "./simulated-isolate.ts";
import { leaves, type Page, pages, targetsOf } from "./simulated-pages.ts";
import { colosOf, misfortuneShare, settingsWithinA } from "./simulated-weather.ts";

const stepCount = 40;
/** How far ahead plans may be, in milliseconds. */
const aheadMsMax = [5_000, 40_000, 40_000, 600_000];

/** Runs one history of scheduled purges. The same seed gives the same history. */
export function scheduledHistoryOf(seed: number, options: HistoryOptions = {}): Promise<History> {
  const { kind = "ordinary", tell, trace } = options;
  const world = new SimulatedWorld(settingsWithinA(seed, kind), { tell, trace });
  return new ScheduledCourse(world, options).played();
}

class ScheduledCourse extends Course {
  /** The number of answers that a scheduled purge has ended. */
  withheldCount = 0;
  readonly #isolates: SimulatedIsolate[];
  readonly #suffer: () => void;
  readonly #misfortune: number;
  readonly #fills: SimulatedFill[] = [];
  readonly #ledger: PlanLedger;

  constructor(world: SimulatedWorld, options: HistoryOptions) {
    super(world, options);
    this.#misfortune = misfortuneShare(world, this.kind);
    const colos = colosOf(world, { kind: this.kind, hasPlans: true });
    this.#isolates = colos.map((colo) => this.begin(colo));
    this.#suffer = this.misfortunes(
      () => this.#isolates,
      () => undefined,
    );
    this.#ledger = new PlanLedger(world, { isOfObject: this.object !== undefined });
  }

  protected async run(): Promise<void> {
    const world = this.world;
    for (let step = 0; step < stepCount; step += 1) {
      this.#act();
      await this.#passTo(world.atMs + world.between(0, world.draw() < 0.2 ? 12_000 : 1_800));
    }
    world.isRedisDown = false;
    // An isolate plans again only behind a read that took less than N − A, which may be rare.
    for (let turn = 0; turn < 12 || (turn < 60 && this.#lost().length > 0); turn += 1) {
      for (const isolate of this.#isolates) void isolate.attend()?.();
      await this.#passTo(world.atMs + 3_000);
    }
    for (const lost of this.#lost()) this.breach(lost);
  }

  /** Rule 30 h: the schedule has each plan that an isolate remembers. Returns the exceptions. */
  #lost(): string[] {
    const { schedule } = this.world.stream;
    if (this.object !== undefined) return [];
    return this.#isolates.flatMap(({ name, view }) =>
      view.schedule.plans
        .filter(({ scheduled }) => !schedule.has(scheduled.id))
        .map(({ scheduled }) => `${name} knows ${scheduled.id}, which is lost`),
    );
  }

  async #passTo(atMs: number): Promise<void> {
    const { time } = this.world;
    const dues = this.#ledger.all.map((plan) => this.#ledger.dueAtMs(plan) + 1);
    const stops = dues.filter((due) => due > time.atMs && due < atMs);
    for (const stop of [...stops.toSorted((a, b) => a - b), atMs]) {
      await time.passTo(stop);
      for (const plan of this.#ledger.all) this.#probeAll(plan);
    }
  }

  #act(): void {
    const world = this.world;
    if (world.draw() < this.#misfortune) return this.#suffer();
    const isolate = world.any(this.#isolates);
    const drawn = world.draw();
    if (drawn < 0.1) void isolate.attend()?.();
    else if (drawn < 0.45) void this.#request(isolate);
    else if (drawn < 0.7) void this.#fill(isolate);
    else if (drawn < 0.82) void this.#plan(isolate);
    else if (drawn < 0.88) void this.cancel(this.#ledger, isolate);
    else if (drawn < 0.92) void isolate.purge(world.any(pages), "hard");
    else this.#isolates[this.#isolates.indexOf(isolate)] = this.begin(isolate.place.colo);
  }

  async #fill(isolate: SimulatedIsolate): Promise<void> {
    this.#fills.push(await isolate.fill(this.world.any(pages), this.world.any(leaves)));
  }

  /** Loads a page at about the time of its purge. */
  async #fillAt(atMs: number, page: Page): Promise<void> {
    const world = this.world;
    const { allowanceMs, settleMs = 0 } = world.settings;
    const startMs = atMs + world.between(-3_000, allowanceMs + settleMs);
    await world.sleep(Math.max(0, startMs - world.atMs));
    this.#fills.push(await world.any(this.#isolates).fill(page, world.any(leaves)));
  }

  async #plan(isolate: SimulatedIsolate): Promise<void> {
    const world = this.world;
    const page = world.any(pages);
    const targets = () => targetsOf(world, page);
    const atMs = await this.#ledger.plan(isolate, { aheadMsMax, targets });
    for (let left = 3; left > 0; left -= 1) void this.#fillAt(atMs, page);
  }

  /** Requests, in each isolate, the responses from before a plan that is due. */
  #probeAll(plan: Plan): void {
    if (plan.isCancelled || this.world.atMs <= this.#ledger.dueAtMs(plan)) return;
    const changedAtMs = this.#ledger.changesAtMs(plan);
    for (const fill of this.#fills) {
      if (fill.page !== plan.page || fill.generatedAtMs >= changedAtMs) continue;
      for (const isolate of this.#isolates) this.#probe(isolate, fill, plan);
    }
  }

  #probe(isolate: SimulatedIsolate, fill: SimulatedFill, plan: Plan): void {
    const answer = isolate.answer(fill);
    const isForbidden = plan.mode === "hard" ? answer !== undefined : answer === "fresh";
    const ledger = this.#ledger;
    const isDue = this.world.atMs > ledger.dueAtMs(plan) + ledger.exemptMs(isolate, fill.page);
    if (!isForbidden) this.withheldCount += 1;
    else if (isDue)
      this.breach(`${isolate.name} answers ${answer} after ${JSON.stringify(plan)}: ${told(fill)}`);
  }

  async #request(isolate: SimulatedIsolate): Promise<void> {
    if (this.#fills.length === 0) return;
    // Purges have ended most older ones.
    const fill = this.world.any(this.#fills.slice(-4));
    const answer = await isolate.request(fill);
    this.judgedCount += 1;
    if (answer !== undefined) this.usableCount += 1;
    this.#checkEarly(isolate, fill);
  }

  #checkEarly(isolate: SimulatedIsolate, fill: SimulatedFill): void {
    const { allowanceMs } = this.world.settings;
    const by = isolate.view.schedule.coverOf(fill.stored.metadata, isolate.nowAtMs());
    if (by !== undefined && this.world.atMs < by.scheduled.atMs - 2 * allowanceMs)
      this.breach(`${isolate.name} ends ${told(fill)} early, by ${JSON.stringify(by)}`);
  }
}

function told({ page, leave, generatedAtMs, stored }: SimulatedFill): string {
  const { requestedAtMs, stamp, colo } = stored.metadata;
  return JSON.stringify({ page, leave, generatedAtMs, requestedAtMs, stamp, colo });
}
