// The port of the switch (docs/internals/purge-protocol-special.md, rule 24). The journal's store implements the
// port, because a post and its entry are written in one step.
import type { EntryId, NewEntry } from "./entry.ts";
import type { Unavailable } from "./journal.ts";
import { nothing } from "./purge-target.ts";
import { isNewer, type SwitchPost, type SwitchState } from "./switch-state.ts";

/** An entry that changes the switch. */
export type PostEntry = NewEntry & { readonly switched: SwitchPost };

export type PostResult =
  | { readonly kind: "posted"; readonly place: EntryId }
  /** Another post is current, so nothing was written. */
  | { readonly kind: "overtaken"; readonly current: SwitchState | undefined }
  | Unavailable;

/** The stored switch. */
export interface HeldSwitch {
  readonly kind: "read";
  /** The state; `undefined` if nothing was posted. The next post must name its post in `replaces`. */
  readonly state: SwitchState | undefined;
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

/** The sender and the reason of a post that was written again (rule 24 g). */
export const postedAgain = { by: "tidemark", reason: "the database had lost this post" } as const;

/** Returns the entry of a post. */
export function postEntry(
  n: string,
  { post, replaces, bypass }: SwitchPost,
  { by, reason }: Pick<NewEntry, "by" | "reason">,
): PostEntry {
  const unsent = { id: "", bodyDigest: "", lost: "", mode: "soft", targets: nothing } as const;
  return { ...unsent, n, by, reason, switched: { post, replaces, bypass } };
}

/** The maximum number of tries to post again, if posts of others come between. */
const triesMax = 4;

/**
 * Writes a post again, unless the switch has it or a newer one (rule 24 g). The result is then
 * `overtaken`.
 */
export async function postUnlessNewer(
  switching: Pick<Switch, "post">,
  entry: PostEntry,
): Promise<PostResult> {
  let { replaces } = entry.switched;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const posted = await switching.post({ ...entry, switched: { ...entry.switched, replaces } });
    if (posted.kind !== "overtaken" || !isNewer(entry.switched, posted.current)) return posted;
    replaces = posted.current?.post ?? "";
  }
  const why = "Other posts of the switch came between.";
  return { kind: "unavailable", why, hint: "post the switch again" };
}
