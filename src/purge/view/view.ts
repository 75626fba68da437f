// The port of the purge view. It provides a stamp before each origin request, and a judgement on every use
// of a record.
import type { Coverage, Provenance, Stamp } from "../../cache/record/record.ts";
import type { Entry } from "../journal/entry.ts";

/** The parts of a record that a judgement needs: what purges can match, and its provenance. */
export type PurgeSubject = Coverage & Provenance;

/** The part of a deciding entry that operators see. `by` is the sender of the purge. */
export type DecidingEntry = Pick<Entry, "position" | "n" | "reason" | "by">;

/**
 * A purge covers the record. `hard` forbids any use; `soft` makes it stale from `sinceAtMs` on.
 *
 * `by`: the deciding entry; absent if this isolate saw an answer that invalidated the record instead.
 * `unverified`: a further purge may cover the record, but its route serves unverified answers (rule 8).
 */
export type PurgeCover = {
  readonly kind: "purged";
  readonly by?: DecidingEntry | undefined;
  readonly unverified?: Doubt | undefined;
} & ({ readonly mode: "hard" } | { readonly mode: "soft"; readonly sinceAtMs: number });

/**
 * Why a purge cannot be ruled out. `no-view`: no view, or no journal. `stamp-unknown`: the view does not
 * know the record's stamp. `view-too-old`: past N − A (rule 7). `purge-in-doubt`: a hard purge covers the
 * unknown stamp, but a newer view may know it (rule 6).
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

/** Shared instance of the usual judgement, which avoids an allocation. */
export const usable: PurgeJudgement = { kind: "usable" };

export interface JudgementAsk {
  /** Epoch milliseconds, no earlier than the request's arrival. */
  readonly atMs: number;
  /** N of the request's route. */
  readonly maxLagMs: number;
  /** Returns the colo where the request arrived; empty if unknown. Called only when it decides. */
  readonly colo: () => string;
}

/** A request that may trigger a renewal of the view. */
export interface Attention {
  readonly atMs: number;
  /** The request's host as its key spells it. The colo keeps copies of the view under this host. */
  readonly host?: string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

export interface PurgeView {
  /**
   * Returns whether the switch sends a route's requests straight to the origin (rule 24). Call it after
   * renewing a view that is past N − A. Synchronous, and allocates nothing.
   *
   * @param route its name; empty if no route matched
   */
  bypasses(route: string): boolean;
  /** Returns whether a request arriving now waits for a newer view (rule 15). Starts nothing. */
  isRenewedFirst(atMs: number): boolean;
  /** Notes the arrival of a request that uses no stored response, to detect clock steps (rule 10). */
  arrived(atMs: number): void;
  /**
   * Notes the arrival of a request that may use a stored response, and renews the view if due.
   *
   * @returns a function that waits for the renewal; `undefined` if none is needed. Call it only before
   *   rejecting a record: the runtime warns of promises that outlive their request.
   */
  attend(attention: Attention): (() => Promise<void>) | undefined;
  /**
   * Renews the view before an unverified record costs an origin request.
   *
   * @param stamp of the unverified record
   * @returns the renewal to wait for, if any
   */
  seek(attention: Attention, stamp?: Stamp): Promise<void> | undefined;
  /** Returns the stamp to store with a response. Call it before sending the origin request. */
  stamp(attention: Attention): Promise<Stamp>;
  /** Applies rules 5 to 7. Allocates nothing for a usable record. */
  judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement;
  /**
   * Returns whether the origin may be asked with the record's validator (rule 23). Call it after the stamp
   * of that request is taken.
   */
  mayBeValidated(record: PurgeSubject, ask: Omit<JudgementAsk, "colo">): boolean;
  /** Time of the last failed read; `undefined` after a successful one. */
  readonly failedAtMs: number | undefined;
  /** Returns whether the view is past the bound because a recent read of the journal failed (rule 8). */
  isUnreachable(ask: Pick<JudgementAsk, "atMs" | "maxLagMs">): boolean;
  /** Returns whether a known purge covers the record and was accepted at or after that instant. */
  purgedSince(record: PurgeSubject, sinceAtMs: number): boolean;
}

/**
 * The view of a deployment without a journal: it accepts no purges, so it misses none. A record with a
 * stamp dates from an earlier journal, whose purges are unknown now.
 */
export const noJournal: PurgeView = {
  bypasses: () => false,
  isRenewedFirst: () => false,
  arrived: () => undefined,
  attend: () => undefined,
  seek: () => undefined,
  stamp: async () => "none",
  judge: ({ stamp }) => (stamp === "none" ? usable : { kind: "unverified", why: "no-view" }),
  mayBeValidated: ({ stamp }) => stamp === "none",
  failedAtMs: undefined,
  isUnreachable: () => false,
  purgedSince: () => false,
};

/**
 * Judges a record for a request whose route may be exempt from the bound (rule 8). `unverified` in the
 * result means that only the exemption lets the record answer.
 *
 * @param servesUnverified the route answers from unverified records while the journal is unreachable
 */
export function judgedOnRoute(
  view: Pick<PurgeView, "judge" | "isUnreachable">,
  record: PurgeSubject,
  ask: JudgementAsk & { readonly servesUnverified: boolean },
): PurgeJudgement {
  const judged = view.judge(record, ask);
  const isExempt = judged.kind === "unverified" && ask.servesUnverified && view.isUnreachable(ask);
  // The exemption lifts only the bound. A known purge still covers.
  if (!isExempt || judged.covering?.mode === "hard") return judged;
  const { why: unverified, covering } = judged;
  return covering === undefined ? { kind: "usable", unverified } : { ...covering, unverified };
}
