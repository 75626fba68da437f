// Records scheduled purges (rule 30) with their deadlines, by the true time. After its deadline, no response from before
// the change at the purge's time + `settleSeconds` may answer: after the time, or later than N + max(0, ε + L − A) after
// the acceptance of the plan, if that is later. An isolate that cannot renew its view is excepted for N + `settleSeconds`
// (rule 7 b). A lost plan is owed again once the schedule has it again.
import {
  decodeEntry,
  type Entry,
  heldSchedule,
  scheduledIn,
} from "../../src/purge/journal/entry.ts";
import type { PurgeTargets } from "../../src/purge/journal/purge-target.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import { configOf, isNamed, type Page, pages } from "./simulated-pages.ts";

export interface Plan {
  readonly id: string;
  readonly page: Page;
  readonly mode: "hard" | "soft";
  readonly atMs: number;
  /** When the schedule last began to have the plan; ∞ while it lacks it. */
  heldSinceMs: number;
  isCancelled: boolean;
}

interface PlanSettings {
  /** Whether a Durable Object has the journal. It loses no plan. */
  readonly isOfObject: boolean;
  /** Called for each plan once the journal has it. */
  readonly onPlanned?: (plan: Plan) => void;
}

export interface PlanDraw {
  /** Choices for how far ahead the plan may be, in milliseconds. */
  readonly aheadMsMax: readonly number[];
  readonly targets: () => PurgeTargets;
}

const unsigned = { id: "", bodyDigest: "", by: "test", reason: "" } as const;

export class PlanLedger {
  readonly #world: SimulatedWorld;
  readonly #settings: PlanSettings;
  readonly #plans = new Map<string, Plan>();

  /** Sees each entry and each event of the world, after those that see them already. */
  constructor(world: SimulatedWorld, settings: PlanSettings) {
    this.#world = world;
    this.#settings = settings;
    const { onAppended, time } = world;
    world.onAppended = (position, fields) => {
      onAppended(position, fields);
      this.#noteEntry(decodeEntry(position, fields));
    };
    const { afterEach } = time;
    time.afterEach = () => {
      afterEach();
      this.#noteHeld();
    };
  }

  get all(): readonly Plan[] {
    return [...this.#plans.values()];
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
    const held = { heldSinceMs: this.#world.atMs, isCancelled: false };
    const plan: Plan = { id, page, mode, atMs, ...held };
    this.#plans.set(id, plan);
    this.#settings.onPlanned?.(plan);
  }

  /** Notes which plans the database has lost, and which it has again. */
  #noteHeld(): void {
    if (this.#settings.isOfObject || this.#plans.size === 0) return;
    const { stream, atMs } = this.#world;
    const ids = new Set(heldSchedule([...stream.schedule.values()]).ids);
    for (const plan of this.#plans.values()) {
      if (!ids.has(plan.id)) plan.heldSinceMs = Infinity;
      else plan.heldSinceMs = Math.min(plan.heldSinceMs, atMs);
    }
  }

  /** Draws a plan, and sends it to an isolate. Returns the time of the purge. */
  async plan(isolate: SimulatedIsolate, { aheadMsMax, targets }: PlanDraw): Promise<number> {
    const world = this.#world;
    const mode = world.draw() < 0.75 ? "hard" : "soft";
    const atMs = Math.floor(world.atMs + world.between(1, world.any(aheadMsMax)));
    const scheduledId = `plan-${world.between(0, 1e9)}`;
    const order = { ...unsigned, mode, targets: targets(), scheduledId, atMs } as const;
    world.tell(() => {
      const { tags, prefixes } = order.targets;
      const named = [...tags, ...prefixes].join(" ");
      return `${isolate.name} plans ${scheduledId} of ${named} at ${atMs - 1_000_000}`;
    });
    const { kind } = await isolate.acceptances.plan(order, isolate.requester);
    world.tell(() => `${isolate.name} answers the plan ${scheduledId}: ${kind}`);
    return atMs;
  }

  /**
   * Cancels one of the last plans.
   *
   * @returns the violation if the cancel was accepted too late
   */
  async cancel(isolate: SimulatedIsolate): Promise<string | undefined> {
    const world = this.#world;
    if (this.#plans.size === 0) return undefined;
    const plan = world.any(this.all.slice(-3));
    const { isCancelled } = plan;
    const cancelled = await isolate.acceptances.cancel(plan.id, unsigned, isolate.requester);
    world.tell(
      () => `${isolate.name} answers the cancel of ${plan.id}: ${JSON.stringify(cancelled)}`,
    );
    // A cancel may be sent again.
    if (cancelled.kind !== "scheduled" || isCancelled) return undefined;
    const { allowanceMs, wayMs } = world.settings;
    const serverBehindMs = Math.max(0, world.serverBehindMs);
    const lagMsMax = configOf(world.settings).purge.visibleWithinSeconds * 1_000;
    const latestMs = plan.atMs - lagMsMax + 2 * allowanceMs + 2 * wayMs + serverBehindMs;
    const lateMs = world.atMs - latestMs;
    return lateMs > 0 ? `${plan.id} was cancelled ${lateMs} ms late` : undefined;
  }

  /** Returns when the page changes. Responses from before may no longer answer from the deadline on. */
  changesAtMs({ atMs }: Plan): number {
    return atMs + (this.#world.settings.settleMs ?? 0);
  }

  /** Returns when the purge has to have ended each response, in an isolate that can read the journal. */
  dueAtMs({ atMs, page, heldSinceMs }: Plan): number {
    const { clockErrorMs, replicaLagMs, allowanceMs, maxLagMs } = this.#world.settings;
    const boundMs = maxLagMs[page] + Math.max(0, clockErrorMs + replicaLagMs - allowanceMs);
    return Math.max(atMs, heldSinceMs + boundMs);
  }

  /**
   * Returns for how long after the deadline an isolate is excepted: its view may be too old to have the plan.
   *
   * @param sentAtMs the isolate's view: the clock before its last read
   */
  exemptMs(
    { view, nowAtMs }: SimulatedIsolate,
    page: Page,
    sentAtMs: number = view.sentAtMs,
  ): number {
    const { maxLagMs, allowanceMs, clockErrorMs, settleMs = 0 } = this.#world.settings;
    const exemptMs = maxLagMs[page] + settleMs + allowanceMs + clockErrorMs;
    return nowAtMs() - sentAtMs > maxLagMs[page] - allowanceMs ? exemptMs : 0;
  }
}
