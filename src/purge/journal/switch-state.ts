// The switch: what goes straight to the origin. A change of it is posted as an entry of the journal, and
// the last post stands in a key of its own, which no trimming takes (docs/purge-protocol.md, rule 24).
import * as z from "zod/mini";

/** `true`: everything is bypassed; a list: the routes of these names; `false`: nothing. */
export type Bypass = boolean | readonly string[];

/** A change of the switch, as its entry of the journal has it. */
export interface SwitchPost {
  /** Random text without white space. It is the same in whichever entry the post is written again. */
  readonly post: string;
  /** The post whose place it took; empty for the first. */
  readonly replaces: string;
  readonly bypass: Bypass;
}

/** The last post that somebody knows of, and the place of its entry. */
export interface SwitchState extends Pick<SwitchPost, "post" | "bypass"> {
  readonly position: string;
  readonly n: string;
}

/** The key that holds the last post. */
export const switchKey = (namespace: string): string => `${namespace}:switch`;

/** @param route its name; empty for requests that no route matches */
export function isBypassed(bypass: Bypass, route: string): boolean {
  return bypass === true || (bypass !== false && bypass.includes(route));
}

const bypassForm = z.union([z.boolean(), z.array(z.string())]);
const postForm = z.object({ post: z.string(), replaces: z.string(), bypass: bypassForm });
const stateForm = z.object({
  post: z.string(),
  position: z.string(),
  n: z.string(),
  bypass: bypassForm,
});

/**
 * @param json of the entry's field
 * @returns `undefined` for what is no post, which changes nothing. Never throws
 */
export function readPost(json: string): SwitchPost | undefined {
  return json === "" ? undefined : z.safeParse(postForm, parsed(json)).data;
}

/** @returns `undefined` for what is none. Never throws */
export function readState(value: unknown): SwitchState | undefined {
  return z.safeParse(stateForm, value).data;
}

/**
 * @param text of the key: post, position and `n` with a space between, then JSON
 * @returns `undefined` where nothing was posted, or what is there is none
 */
export function stateInKey(text: unknown): SwitchState | undefined {
  const [, post, position, n, json = ""] =
    /^(\S+) (\S+) (\S+) (.*)$/s.exec(typeof text === "string" ? text : "") ?? [];
  return readState({ post, position, n, bypass: parsed(json) });
}

/** @returns the post that the key names, also where the rest of its text is no state */
export function postInKey(text: unknown): string {
  return (typeof text === "string" ? /^\S+/.exec(text)?.[0] : undefined) ?? "";
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
