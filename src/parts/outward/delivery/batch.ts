// Chooses the purges of one batch: as many as the limits of requests and rates allow.
import type { Entry } from "../../../purge/journal/entry.ts";
import type { PurgeMode } from "../../../purge/journal/purge-target.ts";
import {
  type PlacedName,
  placedNames,
  type CacheFacts,
  type Reach,
  type Selection,
  selectedEverything,
  selectionOf,
} from "./selection.ts";
import type { OutwardCall, ReadAnswer, SignCall } from "./call.ts";
import { type Buckets, couldTake, type RateLimits, taken, type Tokens } from "./token-bucket.ts";
import type { Cursor } from "./held-target.ts";

/** How a target is purged. */
export interface TargetApi {
  readonly reach: Reach;
  readonly limits: RateLimits;
  /** Whether the target can make responses stale in place of removing them. */
  readonly softens: boolean;
  /** Returns the requests for a selection, which is not empty. */
  readonly callsFor: (selection: Selection, mode: PurgeMode) => readonly OutwardCall[];
  readonly sign: SignCall;
  /** Default: the status decides. */
  readonly readAnswer?: ReadAnswer;
}

export interface Batch {
  readonly kind: "batch";
  readonly calls: readonly OutwardCall[];
  /** The cursor after the batch. */
  readonly cursor: Cursor;
  /** The buckets without the tokens of the calls. */
  readonly buckets: Buckets;
}

interface BatchLimits {
  readonly api: TargetApi;
  readonly facts: CacheFacts;
  readonly buckets: Buckets;
  readonly callsMax: number;
  /** Whether the last batch failed. The next one then has one request, if one suffices for a name. */
  readonly isProbe: boolean;
  readonly atMs: number;
}

/**
 * Returns the next batch; `too-fast` if a rate limit allows none yet, with the time that all names need at this limit; or
 * `calls-spent` if `callsMax` allows none.
 *
 * @param entries the entries after the cursor that are due, at least one
 */
export function nextBatch(
  entries: readonly Entry[],
  cursor: Cursor,
  limits: BatchLimits,
):
  | Batch
  | { readonly kind: "calls-spent" }
  | { readonly kind: "too-fast"; readonly needsMs: number } {
  const { api, buckets, callsMax, isProbe, atMs } = limits;
  // After a loss, another entry may follow the cursor.
  const doneCount = entries[0]?.n === cursor.next?.n ? (cursor.next?.names ?? 0) : 0;
  const names = placedNames(entries).filter(
    ({ entryAt, nameAt }) => entryAt > 0 || nameAt >= doneCount,
  );
  let isTooFast = false;
  for (
    let count = Math.min(names.length, namesPerBatch);
    count > 0;
    count = Math.floor(count / 2)
  ) {
    let { calls, areAll } = callsOf(names.slice(0, count), limits);
    const most = isProbe && count > 1 ? 1 : callsPerBatch;
    if (calls.length > most || !couldTake(api.limits, tokensOf(calls))) {
      if (count > 1) continue;
      [calls, areAll] = [callsForEverything(api), true];
    }
    if (calls.length > callsMax) continue;
    isTooFast = true;
    const left = taken(buckets, api.limits, tokensOf(calls), atMs);
    if (left === undefined) continue;
    return {
      kind: "batch",
      calls,
      // A purge of everything also covers the names that the batch has no room for.
      cursor: cursorAfter(entries, areAll ? undefined : names[count], cursor),
      buckets: left,
    };
  }
  if (isTooFast) return { kind: "too-fast", needsMs: needsMs(names, limits) };
  if (names.length > 0) return { kind: "calls-spent" };
  return { kind: "batch", calls: [], cursor: cursorAfter(entries, undefined, cursor), buckets };
}

/** Estimates the time that names need at the rate limits of the target, from the requests for some of them. */
function needsMs(names: readonly PlacedName[], limits: Pick<BatchLimits, "api" | "facts">): number {
  const some = names.slice(0, namesPerBatch);
  const tokens = Object.entries(tokensOf(callsOf(some, limits).calls));
  const ofSome = tokens.map(
    ([name, count]) => count / (limits.api.limits[name]?.perSecond ?? Infinity),
  );
  return (1_000 * Math.max(0, ...ofSome) * names.length) / some.length;
}

/** @param next the first name that is left; `undefined` if none is left in the entries */
function cursorAfter(
  entries: readonly Entry[],
  next: PlacedName | undefined,
  before: Cursor,
): Cursor {
  const last = entries[(next?.entryAt ?? entries.length) - 1] ?? before;
  const place = { position: last.position, n: last.n };
  if (next === undefined || next.nameAt === 0) return place;
  return { ...place, next: { n: entries[next.entryAt]?.n ?? "", names: next.nameAt } };
}

/** The maximum number of requests in a batch, so that a batch ends before its lock. */
export const callsPerBatch = 8;

/** The maximum number of names in a batch, because its selection takes CPU time, and a webhook has all in one body. */
const namesPerBatch = 4_096;

export const callsForEverything = (api: TargetApi): readonly OutwardCall[] =>
  api.callsFor(selectedEverything, "hard");

/** Returns the requests for names, and whether they purge everything, without regard to the mode. */
export function callsOf(
  names: readonly PlacedName[],
  { api, facts }: { readonly api: TargetApi; readonly facts: CacheFacts },
): { readonly calls: readonly OutwardCall[]; readonly areAll: boolean } {
  const of = (mode: PurgeMode) => {
    const chosen = api.softens ? names.filter((one) => one.mode === mode) : names;
    return selectionOf(
      chosen.map(({ name }) => name),
      api.reach,
      facts,
    );
  };
  const hard = of("hard");
  const calls = callsFor(hard, "hard", api);
  if (hard.everything || !api.softens) return { calls, areAll: hard.everything };
  return { calls: [...calls, ...callsFor(of("soft"), "soft", api)], areAll: false };
}

function callsFor(selection: Selection, mode: PurgeMode, api: TargetApi): readonly OutwardCall[] {
  const { everything, urls, prefixes, hosts, tags } = selection;
  const count = urls.length + prefixes.length + hosts.length + tags.length;
  return everything || count > 0 ? api.callsFor(selection, mode) : [];
}

export function tokensOf(calls: readonly OutwardCall[]): Tokens {
  const sum: Record<string, number> = {};
  for (const { tokens } of calls) {
    for (const [name, count] of Object.entries(tokens)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}
