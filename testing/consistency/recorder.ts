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
    const { quiet } = this;
    return {
      ...given,
      writes: [...this.writes],
      reads: [...this.reads],
      purges: [...this.purges],
      switches: [...this.switches],
      journal: [...this.journal],
      losses: [...this.losses],
      replicaLags: [...this.replicaLags],
      isolates: [...this.isolates],
      originErrors: [...this.originErrors],
      faults: [...this.faults],
      torn: [...this.torn],
      ...(quiet === undefined ? {} : { quiet }),
    };
  }
}
