// The port of the switch: the last post, and posts that replace it (docs/purge-protocol.md, rule 24). The store
// of the journal implements it, since one step writes the post and its entry.
import type { NewEntry } from "./entry.ts";
import type { Unavailable } from "./journal.ts";
import type { SwitchPost, SwitchState } from "./switch-state.ts";

/** An entry that changes the switch. */
export type PostEntry = NewEntry & { readonly switched: SwitchPost };

export type Posted =
  | { readonly kind: "posted"; readonly position: string }
  /** Another post is the last: nothing was written. `held` is that post, if it can be read. */
  | { readonly kind: "overtaken"; readonly held: SwitchState | undefined }
  | Unavailable;

/** The stored switch. */
export interface HeldSwitch {
  readonly kind: "read";
  /** `undefined` if nothing was ever posted, or if what is stored cannot be read. */
  readonly state: SwitchState | undefined;
  /** The id of the last post, which the next one has to replace; empty if there is none. */
  readonly names: string;
}

/** The switch. No method throws or rejects: a store that fails gives `unavailable`. */
export interface Switch {
  /** Reads the last post, at the primary. No trimming of the journal takes it (rule 24 a). */
  read(): Promise<HeldSwitch | Unavailable>;
  /**
   * Appends the entry to the journal and stores the post, in one step. Writes both only if the last
   * post is the one that this one replaces, else neither.
   */
  post(entry: PostEntry): Promise<Posted>;
}
