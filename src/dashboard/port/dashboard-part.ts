// The port between the Worker and its dashboard. A configuration imports the dashboard's code, so a
// Worker without it bundles none of it.
import type { Sums } from "../../observe/sums.ts";

/** A dashboard: the value of the option `dashboard` in the configuration. */
export interface DashboardPart {
  /** Distinguishes a dashboard from other values. */
  readonly isDashboard: true;
  readonly history: ReportHistory;
  /** Answers a request below the operator's path. */
  readonly open: (ports: DashboardPorts) => DashboardAnswers;
}

/** Adds reports to a history that the totals contain. */
export interface ReportHistory {
  /**
   * @param stored the history in the totals, as JSON; of unknown form
   * @returns the history including the reports, as JSON
   */
  readonly added: (stored: unknown, reports: readonly DatedSums[]) => unknown;
}

export interface DatedSums {
  readonly atMs: number;
  readonly report: { readonly sums: Sums } | undefined;
}

export interface DashboardAnswers {
  /** Answers a `GET` for the page, its style or its script. They contain no data. */
  readonly file: (path: string) => Response | undefined;
  /** Answers an operator's request for a part of the page. */
  readonly part: (
    request: Request,
    name: string,
    asked: AskedRoutes,
  ) => Promise<Response | undefined>;
}

/** The Worker's functions that a dashboard uses. */
export interface DashboardPorts {
  readonly nowAtMs: () => number;
  readonly visibleWithinSeconds: number;
  /** The limit of an isolate's memory tier. */
  readonly memoryBytesMax: number;
  readonly readTotals: () => Promise<
    DashboardTotals | { readonly why: string; readonly hint: string }
  >;
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
export interface DashboardColo {
  readonly atMs: number;
  readonly viewAgeMs: number | null;
  readonly lagMs: number | null;
  readonly memoryBytes: number;
  readonly memoryRecords: number;
}

/** Sends a request to the operator's routes, with the credentials of the operator's own request. */
export interface AskedRoutes {
  readonly ask: (path: string, order?: object) => Promise<Response>;
  /** Reads the fields of a form, up to 64 KiB. */
  readonly form: () => Promise<URLSearchParams | { readonly why: string; readonly hint: string }>;
}

/** Returns whether a value is a dashboard, such as that of `tidemark/dashboard`. */
export function isDashboardPart(value: unknown): value is DashboardPart {
  return typeof value === "object" && value !== null && "isDashboard" in value;
}
