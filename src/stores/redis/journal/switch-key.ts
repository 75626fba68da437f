// The Redis key of the switch.
import { jsonIn, readState, type SwitchState } from "../../../purge/journal/switch-state.ts";

export const switchKey = (namespace: string): string => `${namespace}:switch`;

/**
 * Parses the key's value: post, position, `n` and the bypass as JSON, separated by spaces. Returns
 * `undefined` if nothing was posted, or if the value is invalid.
 */
export function stateInKey(text: unknown): SwitchState | undefined {
  const [, post, position, n, json = ""] =
    /^(\S+) (\S+) (\S+) (.*)$/s.exec(typeof text === "string" ? text : "") ?? [];
  return readState({ post, position, n, bypass: jsonIn(json) });
}

/**
 * Returns the id of the post, even if the rest of the value is invalid; empty if nothing was
 * posted.
 */
export function postInKey(text: unknown): string {
  return (typeof text === "string" ? /^\S+/.exec(text)?.[0] : undefined) ?? "";
}
