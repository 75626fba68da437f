// The requests of the checker's clients.
import { ask as send } from "../load/ask.ts";
import type { Answer, Mode, System } from "./adapter.ts";

/** A call without an answer after this time has failed. A slow load takes up to 3N. */
export const timeoutsMs = (withinMs: number) => ({ read: 3 * withinMs + 15_000, purge: 5_000 });

export async function ask(
  url: string,
  of: { waitMs: number; method?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  const { waitMs: waitTimeoutMs, headers = {}, ...sent } = of;
  const { status, body } = await send(url, headers, { ...sent, waitTimeoutMs });
  return { status, body };
}

interface PurgeRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Returns a purge by one request, which succeeds with status 200. */
export function purgeOf(
  requestOf: (process: number, id: string, mode: Mode) => PurgeRequest,
): System["purge"] {
  return async (process, id, mode) => {
    const { url, method = "POST", ...sent } = requestOf(process, id, mode);
    const { status } = await ask(url, { method, ...sent, waitMs: timeoutsMs(0).purge });
    return status === 200;
  };
}
