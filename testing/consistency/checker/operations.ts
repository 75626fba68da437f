// The records of a run: operations with the times at which they began and were answered, and
// changes to the world. All times are in milliseconds of the driver's monotonic clock.

/** The body of a purge request. */
export interface Order {
  readonly tags?: readonly string[];
  readonly urls?: readonly string[];
  readonly prefixes?: readonly string[];
  readonly everything?: boolean;
  readonly mode?: Mode;
}

export type Mode = "hard" | "soft";

/** The rule by which a page's responses may be served stale. */
export type Allowance = "none" | "while-revalidating" | "if-error";

/** The properties of a page that purges match, and the effect of a soft purge. */
export interface Page {
  readonly path: string;
  readonly url: string;
  readonly tags: readonly string[];
  /** Values of the selecting header field; one empty string if nothing selects. */
  readonly variants: readonly string[];
  readonly allowance: Allowance;
}

/** The time from which the origin generates a version. Before the first write, the version is 1. */
export interface Write {
  readonly path: string;
  readonly version: number;
  readonly atMs: number;
}

export interface Read {
  readonly colo: string;
  readonly path: string;
  readonly variant: string;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  readonly version: number;
  readonly cacheStatus: string;
  /**
   * The isolate whose request the origin answered with this version; empty for a background
   * refresh.
   */
  readonly askedOf: string;
}

/** One try to purge. Several tries may have one id. */
export interface PurgeTry {
  readonly id: string;
  readonly order: Order;
  readonly colo: string;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  /** `refused`: any result other than a 200, including a broken connection. */
  readonly outcome:
    | { readonly kind: "accepted"; readonly position: string }
    | { readonly kind: "refused"; readonly why: string };
}

/** The kind of pages, and their route, that the switch bypasses. */
export const switchedKind = "brief";

/** One post of the switch for this kind of pages. An unaccepted post may have taken effect. */
export interface SwitchTry {
  readonly colo: string;
  readonly isBypassed: boolean;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  readonly isAccepted: boolean;
}

/** The traffic between the colos and the journal, as the REST fronts record it. */
export type JournalEvent =
  /** An answered append. The answer may not have reached its isolate. */
  | {
      readonly kind: "appended";
      readonly atMs: number;
      readonly isolate: string;
      readonly position: string;
      readonly n: string;
      readonly id: string;
      readonly isMark: boolean;
    }
  /** An answer to XRANGE or XREVRANGE that was sent to an isolate. It may have no entries. */
  | {
      readonly kind: "read";
      readonly atMs: number;
      readonly isolate: string;
      readonly positions: readonly string[];
    };

/**
 * A loss of the journal's entries after a position, because its server came back from a snapshot,
 * or empty.
 */
export interface Loss {
  readonly killedAtMs: number;
  /** The time just before the restart. */
  readonly upAtMs: number;
  /** The last position in the snapshot; empty if nothing was restored. */
  readonly keptUpTo: string;
}

/** The lag of replicas from this time on. */
export interface ReplicaLag {
  readonly fromMs: number;
  readonly lagMs: number;
}

/** The life of one isolate. A restarted colo has a new isolate. */
export interface IsolateLife {
  readonly isolate: string;
  readonly colo: string;
  /** The version of the Worker that the isolate ran. */
  readonly version: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface FaultSpan {
  readonly fault: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * The phase after faults are healed and writers have stopped. In it, every page must be answered
 * from a tier again.
 */
export interface Quiet {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface History {
  readonly maxLagMs: number;
  readonly allowanceMs: number;
  /** The origin's maximum time for an answer. */
  readonly originMsMax: number;
  readonly pages: readonly Page[];
  readonly colos: readonly string[];
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  readonly purges: readonly PurgeTry[];
  /** The posts in order; absent if the run does not use the switch. */
  readonly switches?: readonly SwitchTry[];
  readonly journal: readonly JournalEvent[];
  readonly losses: readonly Loss[];
  readonly replicaLags: readonly ReplicaLag[];
  readonly isolates: readonly IsolateLife[];
  /** The times at which the origin deliberately answered a page with an error. */
  readonly originErrors: readonly { readonly path: string; readonly atMs: number }[];
  readonly faults: readonly FaultSpan[];
  /** Absent while the run continues. */
  readonly quiet?: Quiet | undefined;
  /** Answers whose body and header fields belong to different versions. */
  readonly torn: readonly string[];
}
