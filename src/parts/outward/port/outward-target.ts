// The port between the Worker and its targets of outward purges. A configuration imports the
// targets' code, so a Worker without them bundles none of it.
import type { Fault } from "../../../base/operator-error.ts";
import type { Log } from "../../../observe/log-line.ts";
import type {
  FailedOutcome,
  OutwardOutcome,
  OutwardReset,
} from "../../../protocol/outward-states.ts";
import type { Entry } from "../../../purge/journal/entry.ts";
import type { Journal, Unavailable } from "../../../purge/journal/journal.ts";
import type { Subscribers } from "../../../purge/journal/subscribers.ts";

/** A target: a value of `outward()`. */
export interface OutwardTarget {
  /** Distinguishes a target from other values that can be opened. */
  readonly isOutward: true;
  /** Each server is opened by itself, so that one that fails delays no purge of the others. */
  readonly servers: readonly string[];
  /**
   * @param env the Worker's variables and secrets
   * @param server one of `servers`; default: the first
   */
  readonly open: (
    name: string,
    env: Readonly<Record<string, unknown>>,
    server?: string,
  ) => OpenTarget;
}

/** An open target. One instance per isolate. */
export interface OpenTarget {
  /** The name in the configuration. With several servers, `@` and the server follow. */
  readonly name: string;
  /** The faults of the target's credential. */
  readonly faults: readonly Fault[];
  /** Whether purges are also sent as soon as they are accepted. */
  readonly sendsAtOnce: boolean;
  /** Returns whether an entry purges more than data of the application. */
  readonly concerns: (entries: readonly Entry[]) => boolean;
  /** Delivers all purges that are due, within limits. Never rejects. */
  readonly deliver: (ports: OutwardPorts, how: DeliveryLimits) => Promise<DeliveryEnd>;
  /** Sends purges without moving the cursor. Never rejects. */
  readonly sendNow: (ports: OutwardPorts, entries: readonly Entry[]) => Promise<void>;
  /** Schedules a purge of everything, and moves the cursor to the journal's newest entry. */
  readonly skip: (ports: OutwardPorts) => Promise<{ readonly kind: "done" } | Unavailable>;
  readonly report: (ports: OutwardPorts) => Promise<TargetReport | Unavailable>;
}

export interface DeliveryLimits {
  /** The maximum number of requests to the target. */
  readonly callsMax: number;
  /** Whether to ignore the pause after failures. */
  readonly isForced: boolean;
}

/**
 * Why a delivery ended. `idle`: nothing more is due. `busy`: another isolate delivers. `later`: a
 * pause or a rate limit applies, or the limits of this delivery are used up. `failed`: the target
 * did not confirm. `unavailable`: the journal's store failed.
 */
export type DeliveryEnd = "idle" | "busy" | "later" | "failed" | "unavailable";

/** The Worker's functions that a target uses. */
export interface OutwardPorts {
  readonly journal: Pick<Journal, "after" | "newestFirst">;
  readonly subscribers: Subscribers;
  readonly siteHosts: readonly string[];
  /** The time from a purge's acceptance until it is due: N, and the clock allowance. */
  readonly dueAfterMs: number;
  readonly nowAtMs: () => number;
  /** Returns a new number, 0 ≤ n < 1. */
  readonly random: () => number;
  readonly randomText: () => string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly log: Log;
  /** Counts a request to the target. */
  readonly called: (target: string, outcome: OutwardOutcome) => void;
  /** Counts a purge of everything that no sender ordered. */
  readonly reset: (target: string, why: OutwardReset) => void;
}

/** The state of a target, for operators. */
export interface TargetReport {
  readonly kind: "report";
  /** The position of the last delivered entry; `undefined` before the first delivery. */
  readonly cursor: string | undefined;
  /** Whether the next delivery purges everything, and why. */
  readonly reset: OutwardReset | undefined;
  /** The number of purges to deliver, up to one page of the journal. */
  readonly waitingCount: number;
  /** When the oldest of them was accepted; `undefined` without one. */
  readonly waitingSinceAtMs: number | undefined;
  /** How far the date of the newest of them is ahead of the journal's clock, in milliseconds; 0 if it is not. */
  readonly aheadMs: number;
  readonly failures: TargetFailures | undefined;
  readonly lastSuccessAtMs: number | undefined;
}

/** Failures since the last success. */
export interface TargetFailures {
  readonly count: number;
  readonly outcome: FailedOutcome;
  /** The status of the last response; 0 without a response. */
  readonly status: number;
  readonly sinceAtMs: number;
  readonly nextTryAtMs: number;
}

/** Returns whether a value is a target, such as those of `tidemark/outward`. */
export function isOutwardTarget(value: unknown): value is OutwardTarget {
  return (
    typeof value === "object" &&
    value !== null &&
    "open" in value &&
    typeof value.open === "function" &&
    "isOutward" in value
  );
}
