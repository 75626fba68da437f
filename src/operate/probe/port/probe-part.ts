// The port between the Worker and its purge probe. A configuration imports the probe's code, so a
// Worker without it bundles none of it.
import type { Sums } from "../../../observe/sums.ts";
import type { Finding } from "../../../protocol/finding.ts";

/** A purge probe: the value of the option `probe` in the configuration. */
export interface ProbePart {
  /** Distinguishes a purge probe from other values. */
  readonly isPurgeProbe: true;
  /** @param worker the parts of the isolate, `ProbeWorker` */
  open(worker: object): OpenProbe;
}

interface Background {
  waitUntil(work: Promise<unknown>): void;
}

/** The scheme and the host of the keys of a request. */
export interface ProbedHost {
  readonly scheme: string;
  readonly host: string;
}

/** The counts of all isolates, as far as the finding needs them. */
interface ProbeCounts {
  readonly windows: readonly { readonly fromAtMs: number; readonly sums: Sums }[];
}

/** The probe of one isolate. */
export interface OpenProbe {
  /** Purges the probed pages if a probe is due. Never rejects because of the journal. */
  readonly runCron: (background: Background) => Promise<void>;
  /** Checks in the background, if a check is due, whether the last purge holds here. */
  readonly attend: (request: Request, host: ProbedHost, background: Background) => void;
  /** Answers `GET /_cache/probe`, which reads the probed pages once. */
  readonly answer: (context: {
    readonly req: { readonly raw: Request };
    readonly executionCtx: Background;
  }) => Promise<Response>;
  /** @param totals `undefined` for a check that reads only this isolate's state */
  readonly findings: (seen: {
    readonly totals?: ProbeCounts | undefined;
    readonly atMs: number;
  }) => readonly Finding[];
}

/** Returns whether a value is a purge probe, such as that of `tidemark/probe`. */
export function isProbePart(value: unknown): value is ProbePart {
  return typeof value === "object" && value !== null && "isPurgeProbe" in value;
}
