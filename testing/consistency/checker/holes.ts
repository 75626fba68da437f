// Finds the documented holes of the promise, as narrowly as a history allows: purges that the
// journal acknowledged and then lost, because its server came back from an older snapshot. A
// journal that came back empty excuses nothing, because it makes all older stamps unknown.
import { comparePositions } from "../../simulation/simulated-stream.ts";
import { boundMs } from "./bound.ts";
import type { History, JournalEvent, Loss, PurgeTry } from "./operations.ts";

export type HoleKind =
  /** When the journal came back, no live isolate had accepted or read the purge. */
  | "lost-unread"
  /**
   * When the journal came back, a live isolate had accepted or read the purge. It had not yet
   * noticed the loss by reading the restored journal.
   */
  | "lost-until-noticed";

interface Hole {
  readonly kind: HoleKind;
  /** The start of the span that excuses this purge. A read that overlaps the span is excused. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** The time from the journal's return until the loss was noticed; `Infinity` if it never was. */
  readonly unnoticedMs: number;
}

type Appended = Extract<JournalEvent, { kind: "appended" }>;

/**
 * The number of answered reads after which an isolate with the lost entry must have noticed the
 * loss or repeated the entry.
 */
const readsToNotice = 3;

export class Holes {
  readonly #history: History;
  readonly #appended: readonly Appended[];
  readonly #byPosition = new Map<string, Appended>();
  readonly #known = new Map<string, readonly Hole[]>();
  readonly #byId = new Map<string, Appended[]>();

  constructor(history: History) {
    this.#history = history;
    this.#appended = history.journal.filter((event) => event.kind === "appended");
    for (const event of this.#appended) {
      this.#byPosition.set(event.position, event);
      this.#byId.set(event.id, [...(this.#byId.get(event.id) ?? []), event]);
    }
  }

  /**
   * Returns the time at which an unaccepted try was written to the journal; `undefined` if no entry
   * is known, or a loss removed it.
   */
  writtenAtMs({ id, invokedAtMs, returnedAtMs }: PurgeTry): number | undefined {
    const written = this.#byId
      .get(id)
      ?.find(({ atMs }) => atMs >= invokedAtMs && atMs <= returnedAtMs);
    if (written === undefined) return undefined;
    const isLost = this.#history.losses.some((loss) => isLostBy(loss, written));
    return isLost ? undefined : written.atMs;
  }

  /**
   * @returns every span in which an accepted purge was missing from the journal without a fault of
   *   the product
   */
  of({ outcome }: PurgeTry): readonly Hole[] {
    if (outcome.kind !== "accepted" || this.#history.losses.length === 0) return [];
    const { position } = outcome;
    let holes = this.#known.get(position);
    if (holes === undefined) {
      holes = this.#worked(position);
      this.#known.set(position, holes);
    }
    return holes;
  }

  /** Returns the holes of an entry. The entry that repairs a loss may be lost as well. */
  #worked(position: string): Hole[] {
    const holes: Hole[] = [];
    let standing = this.#byPosition.get(position);
    for (const loss of this.#history.losses) {
      if (standing === undefined || !isLostBy(loss, standing)) continue;
      const mended = this.#mendedBy(loss, standing);
      holes.push(this.#hole(loss, standing, mended));
      standing = mended;
    }
    return holes;
  }

  /**
   * Returns the entry that repairs a loss: the first mark in the restored journal, which covers
   * everything, or a repetition of the purge.
   */
  #mendedBy({ upAtMs }: Loss, lost: Appended): Appended | undefined {
    return this.#appended.find(
      (event) => event.atMs >= upAtMs && (event.isMark || event.id === lost.id),
    );
  }

  #hole(loss: Loss, lost: Appended, mended: Appended | undefined): Hole {
    const knowers = this.#knowersOf(loss, lost);
    const dueAtMs = this.#noticeDueAtMs(loss, lost, knowers);
    const noticedAtMs = Math.min(mended?.atMs ?? Infinity, dueAtMs);
    const span = { fromMs: loss.killedAtMs, untilMs: Math.min(noticedAtMs, loss.upAtMs + 60_000) };
    return {
      kind: knowers.size > 0 ? "lost-until-noticed" : "lost-unread",
      fromMs: loss.upAtMs,
      untilMs: noticedAtMs + boundMs(this.#history, span),
      unnoticedMs: noticedAtMs - loss.upAtMs,
    };
  }

  /**
   * Returns the isolates that had accepted or read the entry, and were alive when the journal came
   * back.
   */
  #knowersOf(loss: Loss, lost: Appended): ReadonlySet<string> {
    const alive = new Set(
      this.#history.isolates
        .filter(({ fromMs, untilMs }) => fromMs <= loss.upAtMs && untilMs > loss.upAtMs)
        .map(({ isolate }) => isolate),
    );
    const knowers = new Set<string>();
    if (alive.has(lost.isolate)) knowers.add(lost.isolate);
    for (const event of this.#history.journal) {
      if (event.atMs > loss.upAtMs) break;
      const hasIt = event.kind === "read" && event.positions.includes(lost.position);
      if (hasIt && alive.has(event.isolate)) knowers.add(event.isolate);
    }
    return knowers;
  }

  /**
   * Returns the time of the read by which an isolate must notice the loss. Counts reads from N/2
   * after the append on (rule 22).
   */
  #noticeDueAtMs(loss: Loss, lost: Appended, knowers: ReadonlySet<string>): number {
    const fromMs = Math.max(loss.upAtMs, lost.atMs + this.#history.maxLagMs / 2);
    const readCount = new Map<string, number>();
    for (const event of this.#history.journal) {
      if (event.kind !== "read" || event.atMs < fromMs || !knowers.has(event.isolate)) continue;
      const count = (readCount.get(event.isolate) ?? 0) + 1;
      if (count >= readsToNotice) return event.atMs;
      readCount.set(event.isolate, count);
    }
    return Infinity;
  }
}

/**
 * Returns whether a snapshot without the entry was restored. An isolate that has read only the
 * snapshot's entries cannot notice this loss.
 */
function isLostBy({ keptUpTo, upAtMs }: Loss, standing: Appended): boolean {
  const isAfter = comparePositions(standing.position, keptUpTo) > 0;
  return keptUpTo !== "" && standing.atMs < upAtMs && isAfter;
}
