// Lets a script at Upstash lock only its keys, in place of the whole database
// (https://upstash.com/docs/redis/features/key-locking).
import type { Redis } from "@upstash/redis/cloudflare";

type SdkRequest = Parameters<Parameters<Redis["use"]>[0]>[0];

/** Begins a script that uses other keys than its KEYS. Such a script locks the whole database. */
export const usesOtherKeys = "-- uses other keys\n";

const flag = "#!lua flags=allow-key-locking\n";

/** Returns whether Upstash serves the address. Redis and Valkey refuse scripts with the flag. */
export const isOfUpstash = (url: string): boolean => new URL(url).hostname.endsWith(".upstash.io");

/** Adds the flag to the scripts of a request. In a transaction, the flag has no effect. */
export function withKeyLocks(request: SdkRequest): SdkRequest {
  const { path = [], body } = request;
  if (!Array.isArray(body)) return request;
  return { ...request, body: path.length === 0 ? flagged(body) : body.map(flagged) };
}

function flagged(command: unknown[]): unknown[] {
  const [name, script, ...others] = command;
  const isScript = typeof script === "string" && /^eval(?:_ro)?$/i.test(String(name));
  if (!isScript || script.startsWith(usesOtherKeys)) return command;
  return [name, flag + script, ...others];
}
