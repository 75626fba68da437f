// Records a history of data during the run, on the driver's monotonic clock.
import type { JournalEvent } from "../checker/operations.ts";
import { copyOf, Recorder } from "../recorder.ts";
import type { DataWorld } from "./checker/excerpt.ts";
import type {
  DataHistory,
  DataPurge,
  DataRead,
  Increment,
  SeenCount,
  ToldWrite,
} from "./checker/operations.ts";

/** A line about one key, for excerpts. */
export interface Note {
  readonly path: string;
  readonly atMs: number;
  readonly text: string;
}

type Promised = Pick<DataHistory, "maxLagMs" | "allowanceMs" | "originMsMax" | "keys" | "places">;

/** Records the operations on data, in addition to the records of any run. */
export class DataRecorder {
  /** Faults, losses, lives, the source's writes and errors, and the journal as the colos see it. */
  readonly world = new Recorder();
  readonly reads: DataRead[] = [];
  readonly purges: DataPurge[] = [];
  readonly told: ToldWrite[] = [];
  readonly counts: SeenCount[] = [];
  readonly increments: Increment[] = [];
  readonly broken: string[] = [];
  /** Notes for excerpts, in addition to the checked operations. */
  readonly notes: Note[] = [];
  /**
   * The positions that the database sent to the process, with the times. Over objects, the positions
   * in the journal.
   */
  readonly positions = new Map<string, number>();
  /** The number of calls without an answer and of failed calls, by the name of the error. */
  readonly failures = new Map<string, number>();
  quietFromMs: number | undefined;

  nowMs(): number {
    return this.world.nowMs();
  }

  failed(name: string): void {
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
  }

  noted(path: string, text: string): void {
    this.notes.push({ path, atMs: this.nowMs(), text });
  }

  /** Records an entry that was read from the journal of a Durable Object. */
  read(entry: Extract<JournalEvent, { kind: "appended" }>): void {
    // The clock of the object may differ from the driver's, so the time proves nothing.
    this.positions.set(entry.position, -Infinity);
    this.world.journal.push(entry);
  }

  traces(): DataWorld {
    const { faults, losses, journal } = this.world;
    return { faults, losses, journal, notes: this.notes };
  }

  history(given: Promised): DataHistory {
    const { replicaLags, originErrors, isolates, writes } = copyOf(this.world);
    const ofWorld = { replicaLags, originErrors, isolates, writes };
    return { ...given, ...copyOf(this), ...ofWorld, positions: this.seenPositions() };
  }

  seenPositions(): DataHistory["positions"] {
    const positions = new Map(this.positions);
    for (const event of this.world.journal) {
      const told = event.kind === "appended" ? [event.position] : event.positions;
      for (const position of told) {
        positions.set(position, Math.min(event.atMs, positions.get(position) ?? Infinity));
      }
    }
    return positions;
  }
}
