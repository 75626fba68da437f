// Judges the events of one history: an item of the origin, its reads through Next.js, and its
// purges.
import { tooOld } from "../histories/demands.ts";
import {
  type Bounds,
  type Fault,
  type HistoryEvent as AnyEvent,
  isSameEntry,
  overlaps,
  type Purge as EventPurge,
  type Read as EventRead,
} from "../histories/events.ts";

const cacheKinds = ["plain", "nested", "remote", "fetch", "page", "isr"] as const;
/** The cache that answers a read: a kind of `'use cache'`, the cache of `fetch`, or a page. */
export type CacheKind = (typeof cacheKinds)[number];

export interface Read extends EventRead<CacheKind> {}

export interface Purge extends EventPurge<CacheKind> {
  readonly call: "updateTag" | "expireTag" | "staleTag" | "path";
  readonly via: "action" | "route";
}

export type HistoryEvent = AnyEvent<Read, Purge>;

/** A load of a page at the origin. */
export interface Render {
  readonly cache: CacheKind;
  readonly loadedAtMs: readonly [from: number, to: number];
}

interface Disturbances {
  readonly faults: readonly Fault[];
  /** When each process logged errors. They may be failed purges of route handlers. */
  readonly rejectedAtMs: readonly (readonly number[])[];
  readonly renders: readonly Render[];
}

/** The longest time from the end of a page's load until the page is rendered. */
const renderMsMax = 300;

/** The longest time from a route handler's response until the log shows that its purge failed. */
const rejectionMsMax = 6_000;

export interface Violation {
  readonly purge: Purge;
  /** The first read that shows too old a version. */
  readonly read: Read;
  readonly cause: Cause;
}

/**
 * - `joined`: the read was sent while its value was loaded or rendered, and the load began before
 *   the purge. Next.js lets such a request join the render without asking a cache handler. An
 *   outer function that joins an inner load is even stored as if it had read a new value. While a
 *   stale page is rendered again, each request for it gets the stale page.
 * - `unconfirmed`: a fault overlapped a purge by a route handler, or the log shows an error after it.
 *   Next.js answers such a purge without waiting for the cache handler, and shows no error.
 */
export type Cause = "handler" | "joined" | "unconfirmed";

/** Returns at most one violation for each accepted purge. */
export function violationsIn(
  events: readonly HistoryEvent[],
  { faults, rejectedAtMs, renders }: Disturbances,
  bounds: Bounds,
): Violation[] {
  const reads = events.filter((event) => event.kind === "read");
  const purges = events.filter((event) => event.kind === "purge");
  return purges.flatMap((purge) => {
    const old = tooOld(purge, reads, faults, bounds);
    const isJoined = (read: Read) =>
      read.loadedAtMs[0] <= purge.answeredAtMs &&
      (renderedUntilMs(read, reads) >= read.sentAtMs ||
        isOfOlderInner(read, reads, purge) ||
        isBesideRender(read, renders, purge.answeredAtMs + bounds.withinMs));
    const read = old.find((one) => !isJoined(one)) ?? old[0];
    if (read === undefined) return [];
    const isRejected = rejectedAtMs[purge.process]?.some(
      (atMs) => atMs >= purge.sentAtMs && atMs <= purge.answeredAtMs + rejectionMsMax,
    );
    const isUnconfirmed =
      purge.via === "route" &&
      (isRejected === true ||
        overlaps(faults, purge.sentAtMs, purge.answeredAtMs + bounds.withinMs));
    return {
      purge,
      read,
      cause: isJoined(read) ? "joined" : isUnconfirmed ? "unconfirmed" : "handler",
    };
  });
}

/**
 * Returns when Next.js had rendered the read's value: not before the origin's answer, nor before the
 * answer to an earlier request at the same place for the same load.
 */
function renderedUntilMs(read: Read, reads: readonly Read[]): number {
  const earlier = reads.filter(
    (one) =>
      isSameEntry(one, read) &&
      one.loadedAtMs[0] === read.loadedAtMs[0] &&
      one.sentAtMs <= one.loadedAtMs[0],
  );
  return Math.max(read.loadedAtMs[1], ...earlier.map(({ answeredAtMs }) => answeredAtMs));
}

/** Whether an outer function was called after the purge, and joined an inner load from before it. */
const isOfOlderInner = (read: Read, reads: readonly Read[], purge: Purge): boolean =>
  read.cache === "nested" &&
  reads.some(
    ({ cache, sentAtMs, loadedAtMs: [from, to] }) =>
      cache === "nested" &&
      from === read.loadedAtMs[0] &&
      sentAtMs > purge.sentAtMs &&
      sentAtMs <= to,
  );

/**
 * Whether the page was rendered again when it was requested, by a render from before the purge had to be
 * visible. At which process is unknown.
 */
const isBesideRender = (
  { cache, sentAtMs }: Read,
  renders: readonly Render[],
  visibleAtMs: number,
): boolean =>
  renders.some(
    ({ cache: of, loadedAtMs: [from, to] }) =>
      of === cache && from <= visibleAtMs && from <= sentAtMs && to + renderMsMax >= sentAtMs,
  );
