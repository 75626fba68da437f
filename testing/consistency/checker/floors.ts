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

  constructor(history: Pick<History, "pages" | "purges" | "writes">) {
    this.versions = new Versions(history.writes);
    const sent = history.purges.toSorted((one, other) => one.invokedAtMs - other.invokedAtMs);
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

function firstFrom(tries: readonly PurgeTry[], atMs: number): number {
  let [low, high] = [0, tries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tries[middle]?.invokedAtMs ?? Infinity) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
