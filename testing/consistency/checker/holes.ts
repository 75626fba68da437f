// What the documents put outside the promise, as narrowly as a history allows: purges that the
// journal acknowledged and then lost, because its server came back from a snapshot before them.
// A journal that came back empty excuses nothing: there no older stamp is known any more.
import { comparePositions } from "../../simulation/simulated-stream.ts";
import { boundMs } from "./bound.ts";
import type { History, JournalEvent, Loss, PurgeTry } from "./operations.ts";

export type HoleKind =
  /** No isolate that had taken or read the purge was left when the journal came back. */
  | "lost-unread"
  /** One was left, and had not read the restored journal yet: by reading on a loss is noticed. */
  | "lost-until-noticed";

export interface Hole {
  readonly kind: HoleKind;
  /** Reads under way in this span are excused for this purge. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** How long the loss went unnoticed, from the journal's return; `Infinity` if it did for good. */
  readonly unnoticedMs: number;
}

type Appended = Extract<JournalEvent, { kind: "appended" }>;

/** Answered reads by which an isolate that had the lost entry must have noticed, or written it anew. */
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

  /** When a try that was not accepted is seen to have been written, and never lost since. */
  writtenAtMs({ id, invokedAtMs, returnedAtMs }: PurgeTry): number | undefined {
    const written = this.#byId
      .get(id)
      ?.find(({ atMs }) => atMs >= invokedAtMs && atMs <= returnedAtMs);
    if (written === undefined) return undefined;
    const isLost = this.#history.losses.some((loss) => isLostBy(loss, written));
    return isLost ? undefined : written.atMs;
  }

  /** @returns every span in which an accepted purge was not in the journal, by no fault of ours */
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

  /** What makes a loss good may be lost in its turn. */
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

  /** The first mark in the restored journal covers everything; a purge may be written again, too. */
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

  /** Isolates that had taken or read the entry, and were alive when the journal came back. */
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

  /** Who took it has until N/2 after that, as rule 22 says; and all have until they read on. */
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

/** Only a snapshot that still holds older entries makes a loss invisible to those who read those. */
function isLostBy({ keptUpTo, upAtMs }: Loss, standing: Appended): boolean {
  const isAfter = comparePositions(standing.position, keptUpTo) > 0;
  return keptUpTo !== "" && standing.atMs < upAtMs && isAfter;
}
