// Computes the oldest version that a read may return, purge by purge.
import { covers } from "./coverage.ts";
import type { History, Mode, Page, PurgeTry, Read } from "./operations.ts";
import { firstIndex, Versions } from "./versions.ts";

interface Floor {
  readonly purge: PurgeTry;
  readonly mode: Mode;
}

/** The purge tries that cover a page, sorted by the time of sending. */
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

  /**
   * Yields the purges that were sent before the read, but after the version of the read was
   * replaced.
   */
  *above(page: Page, { version, invokedAtMs }: Read): Generator<Floor> {
    const overtakenAtMs = this.versions.overtakenAtMs(page.path, version);
    if (overtakenAtMs === Infinity) return;
    const tries = this.#byPath.get(page.path) ?? [];
    const from = firstIndex(tries, (purge) => purge.invokedAtMs < overtakenAtMs);
    for (const purge of tries.slice(from)) {
      if (purge.invokedAtMs > invokedAtMs) return;
      yield { purge, mode: purge.order.mode ?? "hard" };
    }
  }
}

/**
 * Applies rule 21: the journal may answer a repeated webhook with the webhook's earlier entry. The
 * 200 then promises to cover only the writes before the webhook was first sent.
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
