// The scheduled purges that a view knows (docs/purge-protocol-special.md, rule 30). They are judged by
// time, because a response may be stored after a plan was accepted, and still precede its instant.
import { bodyRequestedAtMs } from "../../cache/record/record.ts";
import {
  comparePositions,
  type Entry,
  type HeldSchedule,
  scheduledIn,
  type ScheduledEntry,
} from "../journal/entry.ts";
import { isOver, scheduledKeptMs, supersedes } from "../journal/scheduled.ts";
import { TargetIndex } from "./target-index.ts";
import type { PurgeSubject } from "./view-port.ts";

export interface ScheduleSettings {
  /** A. */
  readonly allowanceMs: number;
  /** `settleSeconds` of a route in milliseconds, by the route's name. Default: 0. */
  readonly settleMs?: ((route: string) => number) | undefined;
  /** The longest `settleSeconds`, in milliseconds. Default: 0. */
  readonly settleMsMax?: number | undefined;
  /** The largest N in milliseconds. */
  readonly lagMsMax: number;
}

export class KnownSchedule {
  readonly #settings: ScheduleSettings;
  /** The last state of each purge, by its id. */
  readonly #known = new Map<string, ScheduledEntry>();
  /** The plans and effects, by target. */
  readonly #index = new TargetIndex<ScheduledEntry[]>();
  /** The highest clock that the isolate has shown. */
  #latestAtMs = -Infinity;

  constructor(settings: ScheduleSettings) {
    this.#settings = settings;
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** The last state of each purge, in the order of their instants. */
  get entries(): readonly ScheduledEntry[] {
    const known = Array.from(this.#known.values());
    return known.toSorted((one, other) => one.scheduled.atMs - other.scheduled.atMs);
  }

  of(id: string): ScheduledEntry | undefined {
    return this.#known.get(id);
  }

  /** Notes plans, cancels and effects, in any order. */
  learn(entries: readonly Entry[]): void {
    for (const entry of scheduledIn(entries)) {
      const { id, state } = entry.scheduled;
      const held = this.#known.get(id);
      const isLater =
        held?.scheduled.state === state && comparePositions(entry.position, held.position) > 0;
      if (!isLater && !supersedes(state, held?.scheduled.state)) continue;
      this.#drop(id);
      this.#known.set(id, entry);
      if (state === "cancelled") continue;
      this.#index.change(entry.scheduled.targets, (kept = []) => [...kept, entry]);
    }
  }

  #drop(id: string): void {
    const held = this.#known.get(id);
    if (held === undefined || !this.#known.delete(id)) return;
    this.#index.change(held.scheduled.targets, (kept = []) => {
      const others = kept.filter((entry) => entry !== held);
      return others.length === 0 ? undefined : others;
    });
  }

  /**
   * Returns the purge that has ended a response by an instant of this isolate's clock: a hard one if
   * there is one, else the one with the earliest time. `undefined` if there is none.
   */
  coverOf(record: PurgeSubject, atMs: number): ScheduledEntry | undefined {
    if (this.isEmpty) return undefined;
    this.#latestAtMs = Math.max(this.#latestAtMs, atMs);
    const latestMs = this.#latestAtMs;
    return this.covering(record)
      .filter((entry) => this.#endsAtMs(entry) <= latestMs)
      .reduce<ScheduledEntry | undefined>((one, other) => {
        if (one === undefined || one.mode === other.mode)
          return one !== undefined && one.scheduled.atMs <= other.scheduled.atMs ? one : other;
        return one.mode === "hard" ? one : other;
      }, undefined);
  }

  /** Returns when the first known purge ends a response, in epoch milliseconds; ∞ if none does. */
  endsAtMs(record: PurgeSubject): number {
    if (this.isEmpty) return Infinity;
    return Math.min(...this.covering(record).map((entry) => this.#endsAtMs(entry)));
  }

  #endsAtMs({ scheduled }: ScheduledEntry): number {
    return scheduled.atMs - this.#settings.allowanceMs;
  }

  /** Returns the purges that name a response which precedes them (rule 30 b). */
  covering(record: PurgeSubject): readonly ScheduledEntry[] {
    const { allowanceMs, settleMs } = this.#settings;
    const sinceMs = allowanceMs + (settleMs?.(record.route) ?? 0);
    return this.#index.covering(record).flatMap((named) =>
      named.filter(({ mode, scheduled }) => {
        const validatedAtMs = record.validatedAtMs ?? record.requestedAtMs;
        const atMs = mode === "hard" ? bodyRequestedAtMs(record) : validatedAtMs;
        return atMs < scheduled.atMs + sinceMs;
      }),
    );
  }

  /** Returns the plans whose effect is due (rule 30 f). */
  due(nowAtMs: number): readonly ScheduledEntry[] {
    if (this.isEmpty) return [];
    const { allowanceMs, settleMsMax = 0 } = this.#settings;
    return this.plans.filter(
      ({ scheduled }) => nowAtMs >= scheduled.atMs + allowanceMs + settleMsMax,
    );
  }

  isDue(nowAtMs: number): boolean {
    return this.due(nowAtMs).length > 0;
  }

  /** The purges that still wait for their effect, in the order of their instants. */
  get plans(): readonly ScheduledEntry[] {
    return this.entries.filter(({ scheduled }) => scheduled.state === "planned");
  }

  /**
   * Returns whether the journal's schedule lacks a known plan (rule 30 h). Forgets each such plan that the
   * schedule need not keep any more: it has taken effect, or was cancelled, while this isolate read nothing. The
   * clock of the isolate that dropped it may be ahead by 2 A.
   */
  isLostFrom(held: HeldSchedule | undefined, nowAtMs: number): boolean {
    if (this.isEmpty || held === undefined) return false;
    const ids = new Set(held.ids ?? scheduledIn(held.entries).map(({ scheduled }) => scheduled.id));
    const lacked = this.planIds.filter((id) => !ids.has(id));
    // A copy may be older than a plan of this isolate.
    return this.areLost(lacked, nowAtMs) && held.ids !== undefined;
  }

  /** Returns the same for plans that the schedule lacks. */
  areLost(lacked: readonly string[], nowAtMs: number): boolean {
    const plans = lacked.flatMap((id) => this.#known.get(id)?.scheduled ?? []);
    const latestAtMs = nowAtMs + 2 * this.#settings.allowanceMs;
    for (const { id, atMs } of plans) if (latestAtMs > atMs + scheduledKeptMs) this.#drop(id);
    return plans.some(({ id }) => this.#known.has(id));
  }

  /** The ids of `plans`. */
  get planIds(): readonly string[] {
    return this.isEmpty ? [] : this.plans.map(({ scheduled }) => scheduled.id);
  }

  /**
   * Forgets cancels some time after their instant, and effects that are older than the chain, once
   * rule 7 (b) no longer lets older responses answer.
   *
   * @param floor the position of the chain's oldest entry
   */
  forget(floor: string, nowAtMs: number): void {
    if (this.isEmpty) return;
    const { allowanceMs, settleMsMax = 0, lagMsMax } = this.#settings;
    for (const { scheduled, position } of this.entries) {
      const { id, state, atMs } = scheduled;
      const isPast = nowAtMs > atMs + allowanceMs + settleMsMax + lagMsMax;
      const isBelow = state === "effective" && isPast && comparePositions(position, floor) < 0;
      const isForgotten = state === "cancelled" && isOver({ state, atMs }, nowAtMs);
      if (isBelow || isForgotten) this.#drop(id);
    }
  }
}
