// Reads items from Next.js processes, and purges them there.
import { ask, nowAtMs } from "../load/ask.ts";
import type { CacheKind, Failure, Purge, Read } from "./judge.ts";
import type { Origin } from "./origin.ts";

/** A call without an answer after this time has failed. Reads during a fault may take seconds. */
const timeoutsMs = { read: 20_000, purge: 5_000 };

export const pathOf = (cache: CacheKind, id: string): string =>
  cache === "page" || cache === "isr" ? `/${cache}/${id}` : `/read/${cache}/${id}`;

/** The Next.js processes and their origin. */
export interface Site {
  readonly origin: Origin;
  readonly urls: readonly string[];
  /** The id of the Server Action that purges. */
  readonly action: string;
}

export interface Where {
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
  const found = /"id":"([^"]+)","version":(\d+),"load":(\d+)/.exec(body.replaceAll("&quot;", '"'));
  if (status !== 200 || found?.[1] !== id) return { kind: "failure", ...times, status };
  const loadedAtMs = origin.timesOf(Number(found[3]));
  return { kind: "read", ...times, cache, process, version: Number(found[2]), loadedAtMs };
}

export type PurgeCall = Pick<Purge, "call" | "via" | "path" | "process">;

/** Purges an item with the version and the load that the caller saw when it sent the call. */
export async function purgeItem(
  { urls, action }: Site,
  id: string,
  { call, via, path, process }: PurgeCall,
  seen: Pick<Purge, "version" | "isDuringLoad">,
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
  return { kind: "purge", call, via, path, process, ...times, isAccepted, ...seen };
}
