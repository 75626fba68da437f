// Records a history during the run, on the driver's monotonic clock.
import type {
  FaultSpan,
  History,
  IsolateLife,
  JournalEvent,
  Loss,
  Page,
  PurgeTry,
  Quiet,
  Read,
  ReplicaLag,
  SwitchTry,
  Write,
} from "./checker/operations.ts";

interface Promised {
  readonly maxLagMs: number;
  readonly allowanceMs: number;
  readonly originMsMax: number;
}

/** Copies the lists of a record. */
export function copyOf<Of extends object>(record: Of): Pick<Of, keyof Of> {
  const copied = Object.entries(record).map(([name, value]: [string, unknown]) => [
    name,
    Array.isArray(value) ? Array.from(value as unknown[]) : value,
  ]);
  return Object.fromEntries(copied) as Pick<Of, keyof Of>;
}

export class Recorder {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly purges: PurgeTry[] = [];
  readonly switches: SwitchTry[] = [];
  readonly journal: JournalEvent[] = [];
  readonly losses: Loss[] = [];
  readonly replicaLags: ReplicaLag[] = [];
  readonly isolates: IsolateLife[] = [];
  readonly originErrors: { path: string; atMs: number }[] = [];
  readonly faults: FaultSpan[] = [];
  readonly torn: string[] = [];
  /** The number of reads without a version, because of a broken connection or an error. */
  failedReadCount = 0;
  quiet: Quiet | undefined;

  nowMs(): number {
    return performance.now();
  }

  /** Returns a copy of the history so far, without unanswered purges. */
  history(given: Promised & { pages: readonly Page[]; colos: readonly string[] }): History {
    return { ...given, ...copyOf(this) };
  }
}
