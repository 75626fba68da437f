// The functions of a Worker that its dashboard uses.

/** The Worker's functions that a dashboard uses. */
export interface DashboardPorts {
  readonly operatorPath: string;
  /** Returns whether the request's host serves the dashboard. */
  readonly isHere: (request: Request) => boolean;
  /** Returns the error response for a request without a token that reads. */
  readonly refusalOf: (request: Request) => Promise<Response | undefined>;
  readonly readBody: (
    request: Request,
    bounds: { readonly bytesMax: number; readonly hintOfLarge: string },
  ) => Promise<Uint8Array<ArrayBuffer> | { readonly why: string; readonly hint: string }>;
  readonly nowAtMs: () => number;
  readonly visibleWithinSeconds: number;
  /** The limit of an isolate's memory tier. */
  readonly memoryBytesMax: number;
  readonly readTotals: () => Promise<
    DashboardTotals | { readonly why: string; readonly hint: string }
  >;
  /** Returns the counters and buffers of this isolate by name; `undefined` without a data cache. */
  readonly sets: () => ReadonlyMap<string, DashboardSet> | undefined;
}

/** A counter or buffer, as this isolate last read it. */
interface DashboardSet {
  readonly backlog: {
    readonly keyCount: number;
    readonly backlogMax: number;
    /** The time since the oldest slice became due for a flush; negative if it is not due yet. */
    readonly overdueMs: number;
    /** `-Infinity` if it was never read. */
    readonly heardAtMs: number;
  };
  readonly deadLetterCount: number;
}

/** The totals of all isolates' reports. */
export interface DashboardTotals {
  readonly startedAtMs: number;
  readonly sums: ReadonlyMap<string, number>;
  readonly colos: ReadonlyMap<string, DashboardColo>;
  /** The history as JSON. */
  readonly history?: unknown;
}

/** The newest report of a colo. */
interface DashboardColo {
  readonly atMs: number;
  readonly viewAgeMs: number | null;
  readonly lagMs: number | null;
  readonly memoryBytes: number;
  readonly memoryRecords: number;
}
