// Reads items from Next.js processes, and purges them there.
import type { Draws } from "../../testing/draws.ts";
import type { Failure, Seen } from "../histories/events.ts";
import type { Origin } from "../histories/origin.ts";
import { ask, nowAtMs } from "../load/ask.ts";
import type { CacheKind, Purge, Read } from "./judge.ts";

export const processCount = 2;

/** A call without an answer after this time has failed. Reads during a fault may take seconds. */
const timeoutsMs = { read: 20_000, purge: 5_000 };

export const pathOf = (cache: CacheKind, id: string): string =>
  cache === "page" || cache === "isr" ? `/${cache}/${id}` : `/read/${cache}/${id}`;

/** The Next.js processes and their origin. */
interface Site {
  readonly origin: Origin;
  readonly urls: readonly string[];
  /** The id of the Server Action that purges. */
  readonly action: string;
}

interface Where {
  readonly cache: CacheKind;
  readonly id: string;
  /** The index of the process. */
  readonly process: number;
}

export async function readItem(
  { origin, urls }: Site,
  { cache, id, process }: Where,
): Promise<Read | Failure> {
  const { status, body, startedAtMs, tookMs } = await ask(
    `${urls[process]}${pathOf(cache, id)}`,
    {},
    { waitTimeoutMs: timeoutsMs.read },
  );
  const times = { sentAtMs: startedAtMs, answeredAtMs: startedAtMs + tookMs };
  const shown = origin.shownIn(body.replaceAll("&quot;", '"'), id);
  if (status !== 200 || shown === undefined) return { kind: "failure", ...times, status };
  return { kind: "read", ...times, cache, process, ...shown };
}

export type PurgeCall = Pick<Purge, "call" | "via" | "path" | "process">;

/** Purges an item with the version and the load that the caller saw when it sent the call. */
export async function purgeItem(
  { urls, action }: Site,
  id: string,
  { call, via, path, process }: PurgeCall,
  seen: Seen,
): Promise<Purge> {
  const target = path === undefined ? id : pathOf(path, id);
  const isAction = via === "action";
  const sentAtMs = nowAtMs();
  const { status } = await ask(
    `${urls[process]}/${isAction ? "action" : "purge"}`,
    isAction ? { "next-action": action, "content-type": "text/plain;charset=UTF-8" } : {},
    {
      method: "POST",
      body: JSON.stringify(isAction ? [call, target] : { kind: call, target }),
      waitTimeoutMs: timeoutsMs.purge,
    },
  );
  const times = { sentAtMs, answeredAtMs: nowAtMs() };
  const isAccepted = status === 200;
  const isSoft = call === "staleTag";
  return { kind: "purge", isSoft, call, via, path, process, ...times, isAccepted, ...seen };
}

export function drawnPurge(draws: Draws, caches: readonly CacheKind[]): PurgeCall {
  const call = draws.oneOf(["updateTag", "expireTag", "staleTag", "path"] as const);
  return {
    call,
    // Next.js refuses `updateTag` outside Server Actions.
    via: call === "updateTag" ? "action" : draws.oneOf(["action", "route"] as const),
    path: call === "path" ? draws.oneOf(caches) : undefined,
    process: draws.oneOf(Array.from({ length: processCount }, (_, index) => index)),
  };
}
