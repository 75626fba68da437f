// The key of the switch in Redis. Its text is post, position and `n` with a space between, then JSON.
import { jsonIn, readState, type SwitchState } from "../../../purge/journal/switch-state.ts";

/** The key that holds the last post. */
export const switchKey = (namespace: string): string => `${namespace}:switch`;

/**
 * @param text of the key: post, position and `n` with a space between, then JSON
 * @returns `undefined` where nothing was posted, or what is there is none
 */
export function stateInKey(text: unknown): SwitchState | undefined {
  const [, post, position, n, json = ""] =
    /^(\S+) (\S+) (\S+) (.*)$/s.exec(typeof text === "string" ? text : "") ?? [];
  return readState({ post, position, n, bypass: jsonIn(json) });
}

/** @returns the post that the key names, also where the rest of its text is no state */
export function postInKey(text: unknown): string {
  return (typeof text === "string" ? /^\S+/.exec(text)?.[0] : undefined) ?? "";
}
