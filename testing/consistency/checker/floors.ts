// The oldest version that a read may return: asked of a history, purge by purge.
import { covers } from "./coverage.ts";
import type { History, Mode, Page, PurgeTry, Read } from "./operations.ts";
import { Versions } from "./versions.ts";

export interface Floor {
  readonly purge: PurgeTry;
  readonly mode: Mode;
}

/** The tries that cover a page, by the instant at which they were sent. */
export class Floors {
  readonly versions: Versions;
  readonly #byPath: ReadonlyMap<string, readonly PurgeTry[]>;

  constructor(history: Pick<History, "pages" | "purges" | "writes" | "journal">) {
    this.versions = new Versions(history.writes);
    const appendedAtMs = new Map(
      history.journal.flatMap((event) =>
        event.kind === "appended" ? [[`${event.id} ${event.position}`, event.atMs]] : [],
      ),
    );
    const all = history.purges.map((purge) => heldToItsEntry(purge, history.purges, appendedAtMs));
    const sent = all.toSorted((one, other) => one.invokedAtMs - other.invokedAtMs);
    this.#byPath = new Map(
      history.pages.map((page) => [page.path, sent.filter(({ order }) => covers(order, page))]),
    );
  }

  /** Purges sent once a newer version than the read one was written, and before it was read. */
  *above(page: Page, { version, invokedAtMs }: Read): Generator<Floor> {
    const overtakenAtMs = this.versions.overtakenAtMs(page.path, version);
    if (overtakenAtMs === Infinity) return;
    const tries = this.#byPath.get(page.path) ?? [];
    for (let at = firstFrom(tries, overtakenAtMs); at < tries.length; at += 1) {
      const purge = tries[at];
      if (purge === undefined || purge.invokedAtMs > invokedAtMs) return;
      yield { purge, mode: purge.order.mode ?? "hard" };
    }
  }
}

/**
 * Rule 21: a webhook that comes again may be answered by the entry that it has made before. Its 200
 * promises no more than that entry does: what was written before the webhook was first sent.
 */
function heldToItsEntry(
  purge: PurgeTry,
  all: readonly PurgeTry[],
  appendedAtMs: ReadonlyMap<string, number>,
): PurgeTry {
  const { id, outcome, invokedAtMs } = purge;
  if (outcome.kind !== "accepted") return purge;
  const entryAtMs = appendedAtMs.get(`${id} ${outcome.position}`) ?? Infinity;
  if (entryAtMs >= invokedAtMs) return purge;
  const sentAtMs = all.filter((one) => one.id === id).map((one) => one.invokedAtMs);
  return { ...purge, invokedAtMs: Math.min(...sentAtMs) };
}

function firstFrom(tries: readonly PurgeTry[], atMs: number): number {
  let [low, high] = [0, tries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tries[middle]?.invokedAtMs ?? Infinity) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
