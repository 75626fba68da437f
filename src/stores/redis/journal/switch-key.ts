// The Redis key of the switch.
import { jsonIn } from "../../../base/json-text.ts";
import { heldState, type SwitchState } from "../../../purge/journal/switch-state.ts";

export const switchKey = (namespace: string): string => `${namespace}:switch`;

/**
 * Parses the key's value: post, position, `n`, the bypass as JSON, and the seal if there is one,
 * separated by spaces. The state is `undefined` if nothing was posted.
 */
export function stateInKey(text: unknown): {
  readonly state: SwitchState | undefined;
  readonly json: string;
  readonly seal: string | undefined;
} {
  const value = typeof text === "string" ? text : "";
  const [, , position, n, json = "", seal] =
    /^(\S+) (\S+) (\S+) (.*?)(?: ([\w-]{22}))?$/s.exec(value) ?? [];
  const held = { post: postInKey(value), position, n, bypass: jsonIn(json) };
  return { state: value === "" ? undefined : heldState(held), json, seal };
}

/**
 * Returns the id of the post, even if the rest of the value is invalid; empty if nothing was
 * posted.
 */
export function postInKey(text: unknown): string {
  return (typeof text === "string" ? /^\S+/.exec(text)?.[0] : undefined) ?? "";
}
