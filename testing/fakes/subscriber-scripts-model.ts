// Models the Lua scripts of subscribers' states over a map.
import {
  readStatesScript,
  replaceStateScript,
} from "../../src/stores/redis/journal/redis-subscribers.ts";

export function isSubscriberScript(script: string): boolean {
  return script === readStatesScript || script === replaceStateScript;
}

/** @param held the states by name */
export function runSubscriberScript(
  script: string,
  args: readonly string[],
  { held, atMs }: { readonly held: Map<string, string>; readonly atMs: number },
): unknown {
  if (script === readStatesScript) {
    const time = [Math.floor(atMs / 1_000), (atMs % 1_000) * 1_000].map(String);
    return [...time, ...args.map((name) => held.get(name) ?? null)];
  }
  const [name = "", expected = "", next = ""] = args;
  const current = held.get(name) ?? "";
  if (current !== next && current !== expected) return 0;
  held.set(name, next);
  return 1;
}
