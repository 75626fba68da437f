// The view of the purge journal: asked for a stamp before each origin request, and for a judgement
// on every use of a stored response.
import type { Stamp, StoredMetadata } from "../http/stored-response.ts";

/** What the view says of one stored response at one instant. */
export type PurgeJudgement =
  | { kind: "usable" }
  /** A purge covers it: `hard` forbids any use, `soft` makes it stale. */
  | { kind: "purged"; mode: "hard" | "soft" }
  /** Too long since the journal was read to know. */
  | { kind: "unverified" };

export interface PurgeView {
  /** Taken before the origin request is sent, and stored with its response. */
  stamp(): Stamp | Promise<Stamp>;
  /** @param atMs epoch milliseconds, no earlier than the request's arrival */
  judge(stored: StoredMetadata, atMs: number): PurgeJudgement;
}

/** Without a journal no purge is ever accepted, so none can be missed. */
export const noJournal: PurgeView = {
  stamp: () => "none",
  judge: () => ({ kind: "usable" }),
};
