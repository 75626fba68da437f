// Random histories of scheduled purges, in the same world as histories of views. Each page changes at
// the purge's time + `settleSeconds`. Invariant: no response from before this change answers after the
// time, or later than N + max(0, ε + L − A) after the acceptance of the plan, if that is later. An
// isolate that cannot renew its view is excepted for N + `settleSeconds` (rule 7 b). No scheduled purge ends a response
// earlier than 2 A before its time, and none that was cancelled does. No cancel is accepted later than N
// before the time. A lost plan is owed again once the schedule has it again.
import {
  decodeEntry,
  type Entry,
  heldSchedule,
  scheduledIn,
} from "../../src/purge/journal/entry.ts";
import { Course, type History, type HistoryOptions } from "./course.ts";
import { SimulatedWorld } from "./journal-simulator.ts";
import type { SimulatedColo, SimulatedFill, SimulatedIsolate } from "./simulated-isolate.ts";
import { SimulatedCache } from "./simulated-cache.ts";
import { configOf, isNamed, leaves, type Page, pages, targetsOf } from "./simulated-pages.ts";
import { misfortuneShare, settingsOf } from "./simulated-weather.ts";

const stepCount = 40;
/** How far ahead plans may be, in milliseconds. */
const aheadMsMax = [5_000, 40_000, 40_000, 600_000];

interface Plan {
  readonly id: string;
  readonly page: Page;
  readonly mode: "hard" | "soft";
  readonly atMs: number;
  /** When the schedule last began to have the plan; ∞ while it lacks it. */
  heldSinceMs: number;
  isCancelled: boolean;
}

/** Runs one history of scheduled purges. The same seed gives the same history. */
export function scheduledHistoryOf(seed: number, options: HistoryOptions = {}): Promise<History> {
  const { kind = "ordinary", tell, trace } = options;
  const { allowanceMs, ...settings } = settingsOf(seed, kind);
  const clockErrorMs = [0, allowanceMs / 2][seed % 2] ?? 0;
  const settleMs = [0, 2_000][(seed >> 1) % 2] ?? 0;
  const drawn = { ...settings, allowanceMs, clockErrorMs, settleMs };
  const world = new SimulatedWorld(drawn, { tell, trace });
  return new ScheduledCourse(world, options).played();
}

class ScheduledCourse extends Course {
  /** The number of answers that a scheduled purge has ended. */
  withheldCount = 0;
  readonly #isolates: SimulatedIsolate[];
  readonly #suffer: () => void;
  readonly #misfortune: number;
  readonly #fills: SimulatedFill[] = [];
  readonly #plans = new Map<string, Plan>();

  constructor(world: SimulatedWorld, options: HistoryOptions) {
    super(world, options);
    this.#misfortune = misfortuneShare(world, this.kind);
    this.#isolates = colosWithinA(world).map((colo) => this.begin(colo));
    this.#suffer = this.misfortunes(
      () => this.#isolates,
      () => undefined,
    );
    world.time.afterEach = () => this.#noteHeld();
    world.onAppended = (position, fields) => this.#noteEntry(decodeEntry(position, fields));
  }

  /** Notes a plan, whoever appended it: its sender may have got no reply. */
  #noteEntry(entry: Entry): void {
    const { scheduled, mode } = entry;
    const [change] = scheduledIn([entry]);
    const cancelled = this.#plans.get(change?.scheduled.id ?? "");
    // A cancel counts although its sender may have got no reply.
    if (change?.scheduled.state === "cancelled" && cancelled) cancelled.isCancelled = true;
    if (scheduled?.state !== "planned" || this.#plans.has(scheduled.id)) return;
    const { id, atMs, targets } = scheduled;
    const page = pages.find((each) => isNamed(targets, each)) ?? "usual";
    const held = { heldSinceMs: this.world.atMs, isCancelled: false };
    this.#plans.set(id, { id, page, mode, atMs, ...held });
  }

  /** Notes which plans the database has lost, and which it has again. */
  #noteHeld(): void {
    if (this.object !== undefined) return;
    const { stream, atMs } = this.world;
    const ids = new Set(heldSchedule([...stream.schedule.values()]).ids);
    for (const plan of this.#plans.values()) {
      if (!ids.has(plan.id)) plan.heldSinceMs = Infinity;
      else plan.heldSinceMs = Math.min(plan.heldSinceMs, atMs);
    }
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
    const dues = [...this.#plans.values()].map((plan) => this.#dueAtMs(plan) + 1);
    const stops = dues.filter((due) => due > time.atMs && due < atMs);
    for (const stop of [...stops.toSorted((a, b) => a - b), atMs]) {
      await time.passTo(stop);
      for (const plan of this.#plans.values()) this.#probeAll(plan);
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
    else if (drawn < 0.88) void this.#cancel(isolate);
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
    const mode = world.draw() < 0.75 ? "hard" : "soft";
    const atMs = Math.floor(world.atMs + world.between(1, world.any(aheadMsMax)));
    const scheduledId = `plan-${world.between(0, 1e9)}`;
    const order = {
      ...unsigned,
      mode,
      targets: targetsOf(world, page),
      scheduledId,
      atMs,
    } as const;
    world.tell(() => `${isolate.name} plans ${scheduledId} of ${page} at ${atMs - 1_000_000}`);
    const { kind } = await isolate.acceptances.plan(order, isolate.requester);
    world.tell(() => `${isolate.name} answers the plan ${scheduledId}: ${kind}`);
    for (let left = 3; left > 0; left -= 1) void this.#fillAt(atMs, page);
  }

  async #cancel(isolate: SimulatedIsolate): Promise<void> {
    const world = this.world;
    if (this.#plans.size === 0) return;
    const plan = world.any([...this.#plans.values()].slice(-3));
    const { isCancelled } = plan;
    const cancelled = await isolate.acceptances.cancel(plan.id, unsigned, isolate.requester);
    world.tell(
      () => `${isolate.name} answers the cancel of ${plan.id}: ${JSON.stringify(cancelled)}`,
    );
    // A cancel may be sent again.
    if (cancelled.kind !== "scheduled" || isCancelled) return;
    const { allowanceMs, wayMs } = world.settings;
    const serverBehindMs = Math.max(0, world.serverBehindMs);
    const latestMs = plan.atMs - this.#lagMsMax + 2 * allowanceMs + 2 * wayMs + serverBehindMs;
    if (world.atMs > latestMs)
      this.breach(`${plan.id} was cancelled ${world.atMs - latestMs} ms late`);
  }

  get #lagMsMax(): number {
    return configOf(this.world.settings).purge.visibleWithinSeconds * 1_000;
  }

  /** Returns when the purge has to have ended each response, in an isolate that can read the journal. */
  #dueAtMs({ atMs, page, heldSinceMs }: Plan): number {
    const { clockErrorMs, replicaLagMs, allowanceMs, maxLagMs } = this.world.settings;
    const boundMs = maxLagMs[page] + Math.max(0, clockErrorMs + replicaLagMs - allowanceMs);
    return Math.max(atMs, heldSinceMs + boundMs);
  }

  /** Requests, in each isolate, the responses from before a plan that is due. */
  #probeAll(plan: Plan): void {
    const { atMs, settings } = this.world;
    if (plan.isCancelled || atMs <= this.#dueAtMs(plan)) return;
    const changedAtMs = plan.atMs + (settings.settleMs ?? 0);
    for (const fill of this.#fills) {
      if (fill.page !== plan.page || fill.generatedAtMs >= changedAtMs) continue;
      for (const isolate of this.#isolates) this.#probe(isolate, fill, plan);
    }
  }

  #probe(isolate: SimulatedIsolate, fill: SimulatedFill, plan: Plan): void {
    const answer = isolate.answer(fill);
    const isForbidden = plan.mode === "hard" ? answer !== undefined : answer === "fresh";
    const isDue = this.world.atMs > this.#dueAtMs(plan) + this.#exemptMs(isolate, fill.page);
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

  /** Rule 7 (b): a view that is too old, because it could not be renewed, may miss a plan. */
  #exemptMs({ view, nowAtMs }: SimulatedIsolate, page: Page): number {
    const { maxLagMs, allowanceMs, clockErrorMs, settleMs = 0 } = this.world.settings;
    const exemptMs = maxLagMs[page] + settleMs + allowanceMs + clockErrorMs;
    return nowAtMs() - view.sentAtMs > maxLagMs[page] - allowanceMs ? exemptMs : 0;
  }

  #checkEarly(isolate: SimulatedIsolate, fill: SimulatedFill): void {
    const { allowanceMs } = this.world.settings;
    const by = isolate.view.schedule.coverOf(fill.stored.metadata, isolate.nowAtMs());
    if (by !== undefined && this.world.atMs < by.scheduled.atMs - 2 * allowanceMs)
      this.breach(`${isolate.name} ends ${told(fill)} early, by ${JSON.stringify(by)}`);
  }
}

const unsigned = { id: "", bodyDigest: "", by: "test", reason: "" } as const;

function told({ page, leave, generatedAtMs, stored }: SimulatedFill): string {
  const { requestedAtMs, stamp, colo } = stored.metadata;
  return JSON.stringify({ page, leave, generatedAtMs, requestedAtMs, stamp, colo });
}

/** Returns the colos of the isolates. Each clock differs from the true time by at most A. */
function colosWithinA(world: SimulatedWorld): SimulatedColo[] {
  const { allowanceMs, clockErrorMs } = world.settings;
  const colo = (name: string): SimulatedColo => ({
    name,
    offsetMs: world.any([0, -allowanceMs, allowanceMs - clockErrorMs]),
    cache: new SimulatedCache(world),
  });
  const shared = colo("HAM");
  return [shared, shared, colo("NRT"), colo("")].slice(0, world.between(2, 4));
}
