// The state of the switch, which sends requests straight to the origin, and the post that changes it.
import * as z from "zod/mini";

/** Bypasses everything (`true`), nothing (`false`), or the routes with these names. */
export type Bypass = boolean | readonly string[];

/** A post: a change of the switch, as stored in a journal entry. */
export interface SwitchPost {
  /** Random text without white space. Stays the same if the post is written again. */
  readonly post: string;
  /** The id of the post that this one replaced; empty for the first. */
  readonly replaces: string;
  readonly bypass: Bypass;
}

/** The last known post, and the place of its entry. */
export interface SwitchState extends Pick<SwitchPost, "post" | "bypass"> {
  readonly position: string;
  readonly n: string;
}

/** @param route its name; empty for requests that no route matches */
export function isBypassed(bypass: Bypass, route: string): boolean {
  return bypass === true || (bypass !== false && bypass.includes(route));
}

const bypassForm = z.union([z.boolean(), z.array(z.string())]);
const postForm = z.object({ post: z.string(), replaces: z.string(), bypass: bypassForm });
const stateForm = z.object({
  post: z.string(),
  position: z.string().check(z.regex(/^\d+-\d+$/)),
  n: z.string(),
  bypass: bypassForm,
});

/** Reads the field of an entry. Returns `undefined` for an invalid post. Never throws. */
export function readPost(json: string): SwitchPost | undefined {
  return json === "" ? undefined : z.safeParse(postForm, jsonIn(json)).data;
}

/** Returns `undefined` for an invalid state. Never throws. */
export function readState(value: unknown): SwitchState | undefined {
  return z.safeParse(stateForm, value).data;
}

/** Parses JSON. Returns `undefined` for invalid text. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
