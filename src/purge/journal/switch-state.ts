// The state of the switch, which names what goes straight to the origin, and the post that changes it.
import * as z from "zod/mini";

/** `true`: everything is bypassed; a list: the routes of these names; `false`: nothing. */
export type Bypass = boolean | readonly string[];

/** A change of the switch, as its entry of the journal has it. */
export interface SwitchPost {
  /** Random text without white space. It stays the same if the post is written again, in another entry. */
  readonly post: string;
  /** The post whose place it took; empty for the first. */
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

/**
 * @param json of the entry's field
 * @returns `undefined` for what is no post, which changes nothing. Never throws
 */
export function readPost(json: string): SwitchPost | undefined {
  return json === "" ? undefined : z.safeParse(postForm, jsonIn(json)).data;
}

/** @returns `undefined` for what is none. Never throws */
export function readState(value: unknown): SwitchState | undefined {
  return z.safeParse(stateForm, value).data;
}

/** @returns `undefined` for text that is not JSON */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
