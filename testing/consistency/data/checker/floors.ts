// Computes the oldest version that a call may return, purge by purge.
import { boundMs } from "../../checker/bound.ts";
import { firstIndex, Versions } from "../../checker/versions.ts";
import { covers } from "./coverage.ts";
import type { DataHistory, DataKey, DataPurge, DataRead, ToldWrite } from "./operations.ts";

export class DataFloors {
  readonly versions: Versions;
  readonly #history: DataHistory;
  readonly #purges: ReadonlyMap<string, readonly DataPurge[]>;
  readonly #told: ReadonlyMap<string, readonly ToldWrite[]>;

  constructor(history: DataHistory) {
    this.#history = history;
    this.versions = new Versions(history.writes);
    const accepted = history.purges
      .filter(({ outcome }) => outcome === "accepted")
      .toSorted((one, other) => one.sentAtMs - other.sentAtMs);
    this.#purges = new Map(
      history.keys.map((key) => [key.path, accepted.filter(({ order }) => covers(order, key))]),
    );
    this.#told = Map.groupBy(history.told, ({ isolate, path }) => `${isolate} ${path}`);
  }

  /**
   * Yields the purges that were sent before the read, but after the version of the read was
   * replaced. The oldest purge is first.
   */
  *above({ path, version, invokedAtMs }: DataRead): Generator<DataPurge> {
    const overtakenAtMs = this.versions.overtakenAtMs(path, version);
    if (overtakenAtMs === Infinity) return;
    const purges = this.#purges.get(path) ?? [];
    const from = firstIndex(purges, (purge) => purge.sentAtMs < overtakenAtMs);
    for (const purge of purges.slice(from)) {
      if (purge.sentAtMs > invokedAtMs) return;
      yield purge;
    }
  }

  /**
   * Returns whether a purge applies to a read: "everywhere" past the bound, or "here" at once in
   * the isolate that accepted a hard purge.
   */
  isDue(purge: DataPurge, read: DataRead, key: DataKey): "everywhere" | "here" | undefined {
    const { sentAtMs: fromMs, returnedAtMs, mode, isolate } = purge;
    const span = { fromMs, untilMs: read.invokedAtMs };
    const isSoft = mode === "soft" && key.staleMs > 0;
    if (read.invokedAtMs > returnedAtMs + boundMs(this.#history, span)) return "everywhere";
    const isHere = read.isolate === isolate && read.invokedAtMs > returnedAtMs;
    return isHere && !isSoft ? "here" : undefined;
  }

  /**
   * Returns a write of the same isolate that ended before the read, and is newer than the read
   * version.
   */
  toldBefore({ isolate, path, invokedAtMs, version }: DataRead): ToldWrite | undefined {
    const told = this.#told.get(`${isolate} ${path}`) ?? [];
    return told.find((write) => write.toldAtMs < invokedAtMs && write.version > version);
  }
}
