// The port of the purge view. A view provides a stamp before each origin request, and a judgement
// on every use of a record.
import type { Coverage, Provenance, Stamp } from "../../cache/record/record.ts";
import { acceptedAtMs, type Entry } from "../journal/entry.ts";

/** The parts of a record that a judgement needs: its coverage and its provenance. */
export type PurgeSubject = Coverage & Provenance;

/**
 * The purge that covers a record. `hard` forbids any use of the record; `soft` makes the record
 * stale from `sinceAtMs` on.
 *
 * `by`: the deciding entry; absent if an answer in this isolate invalidated the record (RFC 9111
 * §4.4), and if `UnpurgedWrites` excludes the record. `unverified`: a further
 * purge may cover the record, but the route serves unverified responses (rule 8).
 */
export type PurgeCover = {
  readonly kind: "purged";
  readonly by?: Entry | undefined;
  readonly unverified?: Doubt | undefined;
} & ({ readonly mode: "hard" } | { readonly mode: "soft"; readonly sinceAtMs: number });

/** Returns the cover by the deciding purge of a record. */
export function coverBy(by: Entry): PurgeCover {
  return by.mode === "hard"
    ? { kind: "purged", mode: "hard", by }
    : { kind: "purged", mode: "soft", sinceAtMs: acceptedAtMs(by.position), by };
}

/**
 * The reason why a purge cannot be ruled out. `no-view`: this isolate has no view, or the
 * deployment has no journal. `stamp-unknown`: the view does not contain the record's stamp.
 * `view-too-old`: the view is older than N − A (rule 7). `purge-in-doubt`: the stamp is unknown, and
 * a known hard purge covers the record unless a newer view contains the stamp (rule 6).
 */
export type Doubt = "no-view" | "stamp-unknown" | "view-too-old" | "purge-in-doubt";

export type PurgeJudgement =
  | { readonly kind: "usable"; readonly unverified?: Doubt | undefined }
  | PurgeCover
  /** `covering`: a known purge that may cover the record. */
  | {
      readonly kind: "unverified";
      readonly why: Doubt;
      readonly covering?: PurgeCover | undefined;
    };

/** The shared instance of the usual judgement, which avoids an allocation. */
export const usable: PurgeJudgement = { kind: "usable" };

export interface JudgementAsk {
  /** The instant in epoch milliseconds, no earlier than the request's arrival. */
  readonly atMs: number;
  /** N of the request's route. The view may be at most N − A old. */
  readonly maxLagMs: number;
  /**
   * Returns the colo where the request arrived; empty if unknown. Called only when the judgement
   * depends on it.
   */
  readonly colo: () => string;
}

/** The colo of a judgement in which no body time verifies the record (rule 7 b). */
export const noColo: JudgementAsk["colo"] = () => "";

/** The request or run on whose behalf the view is read, and renewed if due. */
export interface Requester {
  readonly atMs: number;
  /**
   * The request's host as its key spells it. The colo stores copies of the view under this host.
   */
  readonly host?: string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/**
 * Whether a view reaches a purge whose position a client has sent. `reached`: the view contains the purge or begins after
 * it. `lacks`: the view may be older than the purge, or the journal has lost it.
 */
export type Reach = "reached" | "lacks";

export interface PurgeView {
  /**
   * Returns whether the switch bypasses a route (rule 24). Callers first renew a view that is older
   * than N − A. Synchronous, and allocates nothing.
   *
   * @param route the route's name; empty if no route matched
   */
  bypasses(route: string): boolean;
  /** Returns whether a request arriving now waits for a newer view (rule 15). Starts nothing. */
  isRenewedFirst(atMs: number): boolean;
  /**
   * Records the arrival of a request that uses no stored response, to detect clock steps (rule 10).
   */
  arrived(atMs: number): void;
  /**
   * Records the arrival of a request that may use a stored response, and renews the view if due.
   *
   * @returns a function that waits for the renewal; `undefined` if no wait is needed. Call it only
   *   if the request waits, because the runtime warns about promises that outlive their request
   */
  renewIfDue(requester: Requester): (() => Promise<void>) | undefined;
  /**
   * Renews the view before an unverified record causes an origin request. If the record's stamp is still unknown,
   * reads epochs, and may replace the stamp with one that the view knows (rule 27).
   *
   * @param record the unverified record
   * @returns the work to wait for, if any
   */
  seek(requester: Requester, record?: PurgeSubject): Promise<void> | undefined;
  /** Reads older entries if the view begins after an instant, so that it may tell of purges since (rule 29 b). */
  reachBack(sinceAtMs: number): Promise<void> | undefined;
  /**
   * Returns the stamp to store with a response. Must be called before the origin request is sent.
   *
   * @param how.onPrimary whether to read the journal on its primary first, so that the stamp is not
   *   before any purge that was accepted before this call (rule 28 d). The stamp is "none" if the
   *   read fails
   */
  stamp(requester: Requester, how?: { readonly onPrimary: boolean }): Stamp | Promise<Stamp>;
  /**
   * Applies rules 5 to 7. Allocates nothing for a usable record. Replaces the stamp of a record that no known purge
   * covers by the view's end (rule 27 b).
   */
  judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement;
  /**
   * Returns whether an origin request may carry the record's validator (rule 23). Callers must
   * first take the stamp of that request.
   */
  mayBeValidated(record: PurgeSubject, ask: Omit<JudgementAsk, "colo">): boolean;
  /** The time of the last failed read; `undefined` after a successful read. */
  readonly failedAtMs: number | undefined;
  /** Returns whether the view is too old because a recent read of the journal failed (rule 8). */
  isUnreachable(ask: Pick<JudgementAsk, "atMs" | "maxLagMs">): boolean;
  /** Returns whether a known purge that was accepted at or after this instant covers the record. */
  purgedSince(record: PurgeSubject, sinceAtMs: number): boolean;
  /** Like `purgedSince`, but also returns true if the view may lack such a purge, because it has dropped old entries. */
  mayBePurgedSince(record: PurgeSubject, sinceAtMs: number): boolean;
  /**
   * Returns whether content that was generated at this instant may be from before a purge that
   * covers the record (rule 29).
   *
   * @param record has the stamp of the request that got the content
   */
  mayPredatePurge(record: PurgeSubject, generatedAtMs: number): boolean;
}

/**
 * The view of a deployment without a journal. It accepts no purges, so it misses none. A record
 * with a stamp is from an earlier journal, whose purges are unknown.
 */
export const noJournal: PurgeView = {
  bypasses: () => false,
  isRenewedFirst: () => false,
  arrived: () => undefined,
  renewIfDue: () => undefined,
  seek: () => undefined,
  reachBack: () => undefined,
  stamp: () => "none",
  judge: ({ stamp }) => (stamp === "none" ? usable : { kind: "unverified", why: "no-view" }),
  mayBeValidated: ({ stamp }) => stamp === "none",
  failedAtMs: undefined,
  isUnreachable: () => false,
  purgedSince: () => false,
  mayBePurgedSince: () => false,
  mayPredatePurge: () => false,
};
