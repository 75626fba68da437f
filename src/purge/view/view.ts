// The view of the purge journal: asked for a stamp before each origin request, and for a judgement
// on every use of a record.
import type { Coverage, Provenance, Stamp } from "../../cache/record/record.ts";
import type { Entry } from "../journal/entry.ts";

/** What the view knows of a record: what a purge can match, and where and when it came from. */
export type Covered = Coverage & Provenance;

/** An entry as far as an operator is told of it. Its own `by` says who sent the purge. */
export type DecidingEntry = Pick<Entry, "position" | "n" | "reason" | "by">;

/**
 * A purge covers a record: `hard` forbids any use, `soft` makes it stale, from that instant on.
 *
 * `by`: the entry that decided; absent where none did, but an answer that this isolate has seen.
 * `unverified`: nobody could tell whether a further purge covers it, and its route answers all the
 * same (rule 8).
 */
export type Purged = {
  readonly kind: "purged";
  readonly by?: DecidingEntry | undefined;
  readonly unverified?: Doubt | undefined;
} & ({ readonly mode: "hard" } | { readonly mode: "soft"; readonly sinceAtMs: number });

/**
 * Why nobody can tell whether a purge covers a record: there is no view yet, or no journal; the view
 * does not know its stamp; the view is too old (rule 7); a hard purge covers whatever bears a stamp
 * that the view does not know, and a newer view may know it (rule 6).
 */
export type Doubt = "no-view" | "stamp-unknown" | "view-too-old" | "purge-in-doubt";

/** What the view says of one record at one instant. */
export type PurgeJudgement =
  | { readonly kind: "usable"; readonly unverified?: Doubt | undefined }
  | Purged
  /** `covering`: a known purge that may cover it. */
  | {
      readonly kind: "unverified";
      readonly why: Doubt;
      readonly covering?: Purged | undefined;
    };

/** The usual judgement, made once. */
export const usable: PurgeJudgement = { kind: "usable" };

export interface JudgementAsk {
  /** Epoch milliseconds, no earlier than the request's arrival. */
  readonly atMs: number;
  /** N of the request's route. */
  readonly maxLagMs: number;
  /** Where this request arrived; empty where that is not known. Asked only where it decides. */
  readonly colo: () => string;
}

/** A request that may have the view renewed on its way. */
export interface Attention {
  readonly atMs: number;
  /** Of the request, as its key has it: where the colo keeps copies of the view. */
  readonly host?: string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

export interface PurgeView {
  /**
   * Rule 24: does the switch send a route's requests straight to the origin? A view that is past N − A
   * is renewed before it is asked. No promise, and nothing is allocated.
   *
   * @param route its name; empty where none matched
   */
  bypasses(route: string): boolean;
  /** Rule 15: does a request that arrives at that instant wait for a newer view? Begins nothing. */
  isRenewedFirst(atMs: number): boolean;
  /** Rule 10: a request that asks for nothing stored arrives, and may tell of a clock set back. */
  arrived(atMs: number): void;
  /**
   * A request for something that may be stored arrives.
   *
   * @returns waits for the renewal that is under way; `undefined` if there is none. To be called
   *   before a record is given up, and only then: the runtime warns of a wait that outlives its
   *   request.
   */
  attend(attention: Attention): (() => Promise<void>) | undefined;
  /**
   * Before what could not be verified costs an origin request.
   *
   * @param stamp of what could not be verified
   * @returns a renewal to wait for
   */
  seek(attention: Attention, stamp?: Stamp): Promise<void> | undefined;
  /** Taken before the origin request is sent, and stored with its response. */
  stamp(attention: Attention): Promise<Stamp>;
  /** Rules 5 to 7. Nothing is allocated for what is usable. */
  judge(record: Covered, ask: JudgementAsk): PurgeJudgement;
  /**
   * Rule 23: may the origin be asked whether a record is unchanged? To be asked once the stamp of
   * that request is taken.
   */
  mayBeValidated(record: Covered, ask: Omit<JudgementAsk, "colo">): boolean;
  /** When the journal could last not be read; `undefined` once the view has become younger. */
  readonly failedAtMs: number | undefined;
  /** Rule 8: is the view past the bound because the journal could not be read just now? */
  isUnreachable(ask: Pick<JudgementAsk, "atMs" | "maxLagMs">): boolean;
  /** Is a purge known that covers the record and was accepted no earlier than that instant? */
  purgedSince(record: Covered, sinceAtMs: number): boolean;
}

/**
 * Without a journal no purge is ever accepted, so none can be missed. What bears a stamp was stored
 * while there was one: a purge may cover it that nobody can tell of any more.
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
 * Judges a record for a request whose route may be exempt (rule 8). Asked once, it tells all:
 * `unverified` beside `usable`, or beside a soft purge, says that only the exemption lets it answer.
 *
 * @param servesUnverified the route answers with what cannot be verified while the journal is away
 */
export function judgedOnRoute(
  view: Pick<PurgeView, "judge" | "isUnreachable">,
  record: Covered,
  ask: JudgementAsk & { readonly servesUnverified: boolean },
): PurgeJudgement {
  const judged = view.judge(record, ask);
  const isExempt = judged.kind === "unverified" && ask.servesUnverified && view.isUnreachable(ask);
  // The bound alone is exempt: what a known purge covers stays covered.
  if (!isExempt || judged.covering?.mode === "hard") return judged;
  const { why: unverified, covering } = judged;
  return covering === undefined ? { kind: "usable", unverified } : { ...covering, unverified };
}
