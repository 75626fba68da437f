// Accepts scheduled purges and their cancels, and puts them into effect (docs/purge-protocol-special.md,
// rule 30).
import type { NewEntry, ScheduledEntry } from "../journal/entry.ts";
import type { ScheduleOrder, Unavailable } from "../journal/journal.ts";
import { areSameTargets, nothing } from "../journal/purge-target.ts";
import type { ScheduleChange, ScheduleRefusal } from "../journal/scheduled.ts";
import type { AcceptanceSettings } from "./read-backs.ts";

/** The sender and the reason of a plan or an effect that an isolate appends by itself. */
const byItself = { by: "tidemark", id: "", bodyDigest: "" } as const;

export type ScheduleResult =
  | { readonly kind: "scheduled"; readonly placed: ScheduledEntry }
  /** `held`: the schedule has this state, or a later one. */
  | { readonly kind: "refused"; readonly why: ScheduleRefusal }
  /** The plan exceeds one entry. */
  | { readonly kind: "too-large" }
  /** This isolate knows an entry with the same webhook id and another body. */
  | { readonly kind: "conflict" }
  | Unavailable;

/** A purge that takes effect later. The order has the targets. */
export type LaterOrder = Omit<NewEntry, "n" | "lost"> & {
  readonly scheduledId: string;
  readonly atMs: number;
};

/** Returns whether an entry is of the purge that an order asks for. A cancel has no targets, and its own sender. */
function isOf({ scheduled, mode, id, bodyDigest }: ScheduledEntry, order: LaterOrder): boolean {
  if (scheduled.atMs !== order.atMs || mode !== order.mode) return false;
  if (scheduled.state === "cancelled") return true;
  const isSameBody = id === "" || bodyDigest === order.bodyDigest;
  return isSameBody && areSameTargets(scheduled.targets, order.targets);
}

const isHeld = (result: ScheduleResult) => result.kind === "refused" && result.why === "held";

export class Schedules {
  readonly #settings: AcceptanceSettings;

  constructor(settings: AcceptanceSettings) {
    this.#settings = settings;
  }

  async plan(later: LaterOrder): Promise<ScheduleResult> {
    const { scheduledId: id, atMs, targets, ...order } = later;
    const plan = { ...this.#at(atMs), id, state: "planned", targets } as const;
    const planned = await this.#scheduled(order, plan);
    if (!isHeld(planned)) return planned;
    return (await this.planned(later)) ?? { kind: "conflict" };
  }

  /** Returns the result for a plan that was sent before; `undefined` if this isolate finds no plan of the id. */
  async planned(later: LaterOrder): Promise<ScheduleResult | undefined> {
    const placed = await this.#known(later.scheduledId);
    if (placed === undefined) return undefined;
    return isOf(placed, later) ? { kind: "scheduled", placed } : { kind: "conflict" };
  }

  /** Cancels a scheduled purge. */
  async cancel(
    id: string,
    order: Pick<NewEntry, "by" | "reason" | "id" | "bodyDigest">,
  ): Promise<ScheduleResult> {
    const known = await this.#known(id);
    if (known === undefined) return { kind: "refused", why: "unknown" };
    const { atMs } = known.scheduled;
    const cancel: ScheduleChange = { ...this.#at(atMs), id, state: "cancelled", targets: nothing };
    const cancelled = await this.#scheduled({ ...order, mode: known.mode }, cancel);
    const placed = isHeld(cancelled) ? await this.#known(id) : undefined;
    return placed === undefined ? cancelled : { kind: "scheduled", placed };
  }

  /** Returns the last known entry of a purge. Reads the journal first if this isolate does not know the id. */
  async #known(id: string): Promise<ScheduledEntry | undefined> {
    const { view } = this.#settings;
    if (view.schedule.of(id) === undefined) await view.catchUp({ waits: true });
    if (view.schedule.of(id) === undefined) await view.readOnPrimary();
    return view.schedule.of(id);
  }

  /**
   * Appends the effect of each plan that is due, and, if the database may have lost plans, the other
   * plans (rule 30 f and h). If the journal is unavailable, or another isolate does so at the same time,
   * the view's next renewal causes another try. Writes nothing with a view that is too old: it may lack a
   * cancel that the schedule has dropped.
   */
  async keep(): Promise<void> {
    const { view, nowAtMs } = this.#settings;
    if (view.isOld(nowAtMs())) return;
    const { isScheduleLost, schedule } = view;
    const due = schedule.due(nowAtMs());
    const plans = isScheduleLost ? schedule.plans : due;
    // A loss that a read finds from now on sets it again.
    view.isScheduleLost = false;
    for (const entry of plans) {
      const { mode, reason, scheduled } = entry;
      // Another isolate may have written the effect since, and a read returned it.
      if (schedule.of(scheduled.id) !== entry) continue;
      const state = due.includes(entry) ? "effective" : "planned";
      const again = await this.#scheduled({ ...byItself, mode, reason }, { ...scheduled, state });
      if (again.kind !== "unavailable" && !(await this.#isTaken(scheduled.id, again))) continue;
      view.isScheduleLost ||= isScheduleLost;
      return;
    }
  }

  /** Returns whether another isolate is putting plans into effect. The next renewal looks whether it did so. */
  async #isTaken(id: string, result: ScheduleResult): Promise<boolean> {
    const { view } = this.#settings;
    const isDue = view.schedule
      .due(this.#settings.nowAtMs())
      .some((each) => each.scheduled.id === id);
    if (!isDue || !isHeld(result)) return false;
    await view.catchUp({ waits: true });
    return view.schedule.of(id)?.scheduled.state === "effective";
  }

  #at(atMs: number): Pick<ScheduleChange, "atMs" | "cancelBeforeMs"> {
    return { atMs, cancelBeforeMs: Math.max(0, atMs - this.#settings.visibleWithinMs) };
  }

  async #scheduled(
    order: Omit<NewEntry, "n" | "lost" | "targets">,
    scheduled: ScheduleChange,
  ): Promise<ScheduleResult> {
    const { journal, view, randomText } = this.#settings;
    const entry: ScheduleOrder = {
      ...order,
      n: randomText(),
      lost: "",
      targets: nothing,
      scheduled,
    };
    const appended = await journal.schedule(entry);
    if (appended.kind !== "appended") return appended;
    const placed: ScheduledEntry = { ...entry, ...appended.place };
    view.apply([placed]);
    return { kind: "scheduled", placed };
  }
}
