// The view of the purge journal: asked for a stamp before each origin request, and for a judgement
// on every use of a stored response.
import type { Stamp } from "../../cache/record.ts";
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";

/** What the view says of one stored response at one instant. */
export type PurgeJudgement =
  | { kind: "usable" }
  /** A purge covers it: `hard` forbids any use, `soft` makes it stale, from that instant on. */
  | { kind: "purged"; mode: "hard" }
  | { kind: "purged"; mode: "soft"; sinceAtMs: number }
  /** Too little is known to be sure. */
  | {
      kind: "unverified";
      /** A known purge that may cover it. */
      covering?: Extract<PurgeJudgement, { kind: "purged" }> | undefined;
    };

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
  /** Rule 10: a request that asks for nothing stored arrives, and may tell of a clock set back. */
  arrived(atMs: number): void;
  /**
   * At arrival of any other.
   *
   * @returns waits for the renewal that is under way, if any: to be called before a stored response
   *   is given up, and not otherwise. A wait that outlives its request is one the runtime warns of.
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
  judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement;
  /**
   * Rule 23: may the origin be asked whether a stored response is unchanged? To be asked once the
   * stamp of that request is taken.
   */
  mayBeValidated(stored: StoredMetadata, ask: Omit<JudgementAsk, "colo">): boolean;
  /** When the journal could not be read; `undefined` once the view has become younger since. */
  readonly failedAtMs: number | undefined;
  /** Is what is known past the bound because the journal could not be read just now? */
  isUnreachable(ask: Pick<JudgementAsk, "atMs" | "maxLagMs">): boolean;
  /** Is a purge known that covers the response and was accepted no earlier than that instant? */
  purgedSince(stored: StoredMetadata, sinceAtMs: number): boolean;
}

/**
 * Without a journal no purge is ever accepted, so none can be missed. What bears a stamp was stored
 * while there was one: a purge may cover it that nobody can tell of any more.
 */
export const noJournal: PurgeView = {
  arrived: () => undefined,
  attend: () => undefined,
  seek: () => undefined,
  stamp: async () => "none",
  judge: ({ stamp }) => ({ kind: stamp === "none" ? "usable" : "unverified" }),
  mayBeValidated: ({ stamp }) => stamp === "none",
  failedAtMs: undefined,
  isUnreachable: () => false,
  purgedSince: () => false,
};
