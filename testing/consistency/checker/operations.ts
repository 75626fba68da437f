// What a run records: operations with the instants at which they were begun and answered, and what
// was done to the world. All instants are of one monotonic clock, the driver's, in milliseconds.

/** What a purge asks for, as it goes over the wire. */
export interface Order {
  readonly tags?: readonly string[];
  readonly urls?: readonly string[];
  readonly prefixes?: readonly string[];
  readonly everything?: boolean;
  readonly mode?: Mode;
}

export type Mode = "hard" | "soft";

/** Which allowance a page's responses carry: when they may answer although they are stale. */
export type Allowance = "none" | "while-revalidating" | "if-error";

/** What purges are matched against, and what a soft purge leaves possible. */
export interface Page {
  readonly path: string;
  readonly url: string;
  readonly tags: readonly string[];
  /** Values of the selecting header field; one empty text where nothing selects. */
  readonly variants: readonly string[];
  readonly allowance: Allowance;
}

/** From that instant on the origin generates that version; before the first it is 1. */
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
  /** The isolate whose request the origin answered with it; empty for a refresh in nobody's name. */
  readonly askedOf: string;
}

/** One try to have a purge accepted; several may bear one id. */
export interface PurgeTry {
  readonly id: string;
  readonly order: Order;
  readonly colo: string;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  /** Refused: whatever was no 200, a broken connection included. */
  readonly outcome:
    | { readonly kind: "accepted"; readonly position: string }
    | { readonly kind: "refused"; readonly why: string };
}

/** The kind of pages, and their route, that the switch is thrown for. */
export const switchedKind = "brief";

/** One post of the switch, for the pages of that kind; one that was not accepted may have been made. */
export interface SwitchTry {
  readonly colo: string;
  readonly isBypassed: boolean;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
  readonly isAccepted: boolean;
}

/** What went between the colos and the journal, as their REST fronts saw it. */
export type JournalEvent =
  /** An answered XADD; whether the answer reached its isolate is another matter. */
  | {
      readonly kind: "appended";
      readonly atMs: number;
      readonly isolate: string;
      readonly position: string;
      readonly n: string;
      readonly id: string;
      readonly isMark: boolean;
    }
  /** An answer with entries, or with none, went out to an isolate. */
  | {
      readonly kind: "read";
      readonly atMs: number;
      readonly isolate: string;
      readonly positions: readonly string[];
    };

/** The journal lost what came after a position: its server came back from a snapshot, or empty. */
export interface Loss {
  readonly killedAtMs: number;
  /** Just before it was started again. */
  readonly upAtMs: number;
  /** The last position that the snapshot held; empty where nothing came back. */
  readonly keptUpTo: string;
}

/** From that instant on replicas answer with what the primary held that long ago. */
export interface ReplicaLag {
  readonly fromMs: number;
  readonly lagMs: number;
}

/** The life of one isolate; a colo that is started again has a new one. */
export interface IsolateLife {
  readonly isolate: string;
  readonly colo: string;
  /** Of the Worker that it ran. */
  readonly version: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface FaultSpan {
  readonly fault: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Faults healed and writers stopped: within it every page has to be answered from a tier again. */
export interface Quiet {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface History {
  readonly maxLagMs: number;
  readonly allowanceMs: number;
  /** The longest that the origin takes for an answer. */
  readonly originMsMax: number;
  readonly pages: readonly Page[];
  readonly colos: readonly string[];
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  readonly purges: readonly PurgeTry[];
  /** In order; absent where the switch is not thrown. */
  readonly switches?: readonly SwitchTry[];
  readonly journal: readonly JournalEvent[];
  readonly losses: readonly Loss[];
  readonly replicaLags: readonly ReplicaLag[];
  readonly isolates: readonly IsolateLife[];
  /** When the origin answered a page with an error on purpose. */
  readonly originErrors: readonly { readonly path: string; readonly atMs: number }[];
  readonly faults: readonly FaultSpan[];
  /** Absent while the run goes on. */
  readonly quiet?: Quiet;
  /** Answers whose body and fields were not of one piece. */
  readonly torn: readonly string[];
}
