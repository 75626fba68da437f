// Accepts scheduled purges and their cancels, and puts them into effect (docs/purge-protocol-special.md,
// rule 30).
import type { NewEntry, ScheduledEntry } from "../journal/entry.ts";
import type { ScheduleOrder, Unavailable } from "../journal/journal.ts";
import { nothing } from "../journal/purge-target.ts";
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

const isHeld = (result: ScheduleResult) => result.kind === "refused" && result.why === "held";

export class Schedules {
  readonly #settings: AcceptanceSettings;

  constructor(settings: AcceptanceSettings) {
    this.#settings = settings;
  }

  async plan({ scheduledId: id, atMs, targets, ...order }: LaterOrder): Promise<ScheduleResult> {
    const plan = { ...this.#at(atMs), id, state: "planned", targets } as const;
    const planned = await this.#scheduled(order, plan);
    return isHeld(planned) ? this.#known(id, planned) : planned;
  }

  /** Cancels a scheduled purge. Reads the journal first if this isolate does not know the id. */
  async cancel(
    id: string,
    order: Pick<NewEntry, "by" | "reason" | "id" | "bodyDigest">,
  ): Promise<ScheduleResult> {
    const { view } = this.#settings;
    if (view.schedule.of(id) === undefined) await view.catchUp({ waits: true });
    const known = view.schedule.of(id);
    if (known === undefined) return { kind: "refused", why: "unknown" };
    const { atMs } = known.scheduled;
    const cancel: ScheduleChange = { ...this.#at(atMs), id, state: "cancelled", targets: nothing };
    const cancelled = await this.#scheduled({ ...order, mode: known.mode }, cancel);
    return isHeld(cancelled) ? this.#known(id, cancelled) : cancelled;
  }

  /** Returns the entry of a purge that the schedule has already. */
  async #known(id: string, otherwise: ScheduleResult): Promise<ScheduleResult> {
    const { view } = this.#settings;
    if (view.schedule.of(id) === undefined) await view.catchUp({ waits: true });
    const placed = view.schedule.of(id);
    return placed === undefined ? otherwise : { kind: "scheduled", placed };
  }

  /**
   * Appends the effect of each plan that is due, and, if the database may have lost plans, the other
   * plans (rule 30 f and h). If the journal is unavailable, the view's next renewal causes another try.
   */
  async keep(): Promise<void> {
    const { view, nowAtMs } = this.#settings;
    const { follower, schedule } = view;
    const due = schedule.due(nowAtMs());
    const plans = follower.isScheduleLost ? schedule.plans : due;
    for (const entry of plans) {
      const state = due.includes(entry) ? "effective" : "planned";
      const { mode, reason } = entry;
      const again = await this.#scheduled(
        { ...byItself, mode, reason },
        { ...entry.scheduled, state },
      );
      if (again.kind === "unavailable") return;
    }
    follower.isScheduleLost = false;
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
