// The Redis key of the switch.
import { jsonIn } from "../../../base/json-text.ts";
import { heldState, type SwitchState } from "../../../purge/journal/switch-state.ts";

export const switchKey = (namespace: string): string => `${namespace}:switch`;

/**
 * Parses the key's value: post, position, `n` and the bypass as JSON, separated by spaces. Returns
 * `undefined` if nothing was posted.
 */
export function stateInKey(text: unknown): SwitchState | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  const [, , position, n, json = ""] = /^(\S+) (\S+) (\S+) (.*)$/s.exec(text) ?? [];
  const [post] = /^\S*/.exec(text) ?? [];
  const held = { post, position, n, bypass: jsonIn(json) };
  return heldState(held);
}
