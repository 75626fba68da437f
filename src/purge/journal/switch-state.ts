// The state of the switch, and the posts that change it. The switch makes requests bypass the
// cache.
import * as v from "valibot";
import { jsonIn } from "../../base/json-text.ts";
import { dataIn } from "../../base/schemas.ts";

/** The bypassed routes: all (`true`), none (`false`), or the routes with these names. */
export type Bypass = boolean | readonly string[];

/** A post: a change of the switch, as stored in a journal entry. */
export interface SwitchPost {
  /** The id (`postId`), unchanged if the post is written again. */
  readonly post: string;
  /** The id of the post that this post replaced; empty for the first post. */
  readonly replaces: string;
  readonly bypass: Bypass;
}

/** The last known post, and the place of its entry. */
export interface SwitchState extends Pick<SwitchPost, "post" | "bypass"> {
  readonly position: string;
  readonly n: string;
}

const timeIn = ({ post }: Pick<SwitchState, "post">): number => Number.parseInt(post, 10) || 0;

/**
 * Returns the id of a new post: a time and a random text (rule 24 b).
 *
 * @param known the newest post that the isolate knows. The time is later, whatever the clock says
 */
export function postId(atMs: number, random: string, known: SwitchState | undefined): string {
  return `${Math.max(Math.floor(atMs), known === undefined ? 0 : timeIn(known) + 1)}-${random}`;
}

/** Returns whether a post is newer than another, or than none (rule 24 b). */
export function isNewer(
  one: Pick<SwitchState, "post">,
  other: Pick<SwitchState, "post"> | undefined,
): boolean {
  if (other === undefined) return true;
  const laterMs = timeIn(one) - timeIn(other);
  return laterMs === 0 ? one.post > other.post : laterMs > 0;
}

/** Returns the newer of two states. */
export function newestOf(
  one: SwitchState | undefined,
  other: SwitchState | undefined,
): SwitchState | undefined {
  return other !== undefined && isNewer(other, one) ? other : one;
}

/** @param route the route's name; empty for requests that no route matches */
export function isBypassed(bypass: Bypass, route: string): boolean {
  return bypass === true || (bypass !== false && bypass.includes(route));
}

const bypassForm = v.union([v.boolean(), v.array(v.string())]);
const postForm = v.object({ post: v.string(), replaces: v.string(), bypass: bypassForm });
const stateForm = v.object({
  post: v.string(),
  position: v.pipe(v.string(), v.regex(/^\d+-\d+$/)),
  n: v.string(),
  bypass: bypassForm,
});

/**
 * Parses the field of an entry that contains a post. Returns `undefined` for an empty field. A post in an unknown form
 * bypasses everything, so that no switch goes off silently. Never throws.
 *
 * @param atMs when the journal accepted the entry
 */
export function readPost(json: string, atMs: number): SwitchPost | undefined {
  if (json === "") return undefined;
  const written = jsonIn(json);
  const { post } = Object(written) as { post?: unknown };
  const unread = { post: typeof post === "string" ? post : `${atMs}-`, replaces: "", bypass: true };
  return dataIn(postForm, written) ?? unread;
}

/**
 * Returns the state that a store holds. A state in an unknown form bypasses everything, so that no switch goes off
 * silently. Never throws.
 */
export function heldState(held: {
  readonly post?: unknown;
  readonly bypass: unknown;
}): SwitchState {
  const post = typeof held.post === "string" ? held.post : "";
  return readState(held) ?? { post, position: nowhere, n: "", bypass: true };
}

/** The position of a state in an unknown form. No entry has it. */
const nowhere = "0-0";

/** Returns whether the form of a held state is unknown (`heldState`). */
export const isUnread = ({ position }: Pick<SwitchState, "position">): boolean =>
  position === nowhere;

/** Parses a state. Returns `undefined` for an invalid state. Never throws. */
export function readState(value: unknown): SwitchState | undefined {
  return dataIn(stateForm, value);
}
