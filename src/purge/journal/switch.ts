// The port of the switch (docs/purge-protocol-switch.md, rule 24). The journal's store implements the
// port, because a post and its entry are written in one step.
import type { EntryPlace, NewEntry } from "./entry.ts";
import type { Unavailable } from "./journal.ts";
import type { SwitchPost, SwitchState } from "./switch-state.ts";

/** An entry that changes the switch. */
export type PostEntry = NewEntry & { readonly switched: SwitchPost };

export type PostResult =
  | { readonly kind: "posted"; readonly place: EntryPlace }
  /** Another post is current, so nothing was written. `current` is that post, if it is valid. */
  | { readonly kind: "overtaken"; readonly current: SwitchState | undefined }
  | Unavailable;

/** The stored switch. */
export interface HeldSwitch {
  readonly kind: "read";
  /** The state; `undefined` if nothing was posted, or if the stored state is invalid. */
  readonly state: SwitchState | undefined;
  /**
   * The id of the last post, which the next post must name in `replaces`; empty if nothing was
   * posted.
   */
  readonly names: string;
}

/** The switch. No method throws or rejects: a failing store returns `unavailable`. */
export interface Switch {
  /** Reads the last post from the primary. Trimming the journal never removes it (rule 24 a). */
  read(): Promise<HeldSwitch | Unavailable>;
  /**
   * Appends the entry and stores its post in one step, but only if `replaces` names the last post.
   */
  post(entry: PostEntry): Promise<PostResult>;
}
