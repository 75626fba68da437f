// Judges the events of one history: an item of the origin, its reads through Next.js, and its
// purges.

export const cacheKinds = ["plain", "nested", "remote", "fetch", "page", "isr"] as const;
/** The cache that answers a read: a kind of `'use cache'`, the cache of `fetch`, or a page. */
export type CacheKind = (typeof cacheKinds)[number];

/** All times are epoch milliseconds, seen from the client. */
export interface Read {
  readonly kind: "read";
  readonly cache: CacheKind;
  /** The index of the Next.js process. */
  readonly process: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly version: number;
  /** When the load of the answered value reached the origin, and when the origin answered it. */
  readonly loadedAtMs: readonly [from: number, to: number];
}

export interface Purge {
  readonly kind: "purge";
  readonly call: "updateTag" | "expireTag" | "staleTag" | "path";
  readonly via: "action" | "route";
  /** The cache whose path is purged; `undefined` if the tag of all caches is purged. */
  readonly path: CacheKind | undefined;
  readonly process: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** Whether the call answered with success. */
  readonly isAccepted: boolean;
  /** The item's version at the origin when the call was sent. */
  readonly version: number;
  /** Whether the call was sent while a load of the item waited for the origin. */
  readonly isDuringLoad: boolean;
}

/** A request without an answer that shows a version. */
export interface Failure {
  readonly kind: "failure";
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly status: number;
}

export type HistoryEvent = Read | Purge | Failure;

/** A time in which a process was dead or Redis did not answer. */
export type Fault = readonly [fromMs: number, toMs: number];

/** A load of a page at the origin. */
export interface Render {
  readonly cache: CacheKind;
  readonly loadedAtMs: readonly [from: number, to: number];
}

export interface Disturbances {
  readonly faults: readonly Fault[];
  /** When each process logged errors. They may be failed purges of route handlers. */
  readonly rejectedAtMs: readonly (readonly number[])[];
  readonly renders: readonly Render[];
}

/** The longest time from the end of a page's load until the page is rendered. */
const renderMsMax = 300;

/** The longest time from a route handler's response until the log shows that its purge failed. */
const rejectionMsMax = 6_000;

export interface Bounds {
  /** The time from a purge's success until no read may show an older version. */
  readonly withinMs: number;
  /**
   * After a soft purge, the time from the answer that may be stale until the refreshed value must
   * answer.
   */
  readonly refreshMs: number;
}

export interface Violation {
  readonly purge: Purge;
  /** The first read that shows too old a version. */
  readonly read: Read;
  /** Whether the last read of this cache at this process is too old as well. */
  readonly isLasting: boolean;
  /** Whether the purge answered with success although a fault overlapped the call. */
  readonly isSilent: boolean;
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

export const isSoft = ({ call }: Purge): boolean => call === "staleTag";

const overlaps = (faults: readonly Fault[], fromMs: number, toMs: number): boolean =>
  faults.some(([from, to]) => from <= toMs && to >= fromMs);

/**
 * Returns at most one violation for each accepted purge.
 *
 * A hard purge demands that each read sent later than `withinMs` after its success shows at least
 * the version of the call. A soft purge permits one stale answer for each cache of each process, and
 * more of them during `refreshMs` after that answer. A fault postpones the demand to the next
 * answer, because the refresh may have failed.
 */
export function violationsIn(
  events: readonly HistoryEvent[],
  { faults, rejectedAtMs, renders }: Disturbances,
  bounds: Bounds,
): Violation[] {
  const reads = events.filter((event) => event.kind === "read");
  const purges = events.filter((event) => event.kind === "purge");
  return purges.flatMap((purge) => {
    if (!purge.isAccepted) return [];
    const later = reads.filter(
      ({ cache, sentAtMs }) =>
        (purge.path ?? cache) === cache && sentAtMs > purge.answeredAtMs + bounds.withinMs,
    );
    const old = later.filter(
      (read) =>
        read.version < purge.version &&
        !(isSoft(purge) && mayBeStale(read, later, faults, bounds.refreshMs)),
    );
    const isJoined = (read: Read) =>
      read.loadedAtMs[0] <= purge.answeredAtMs &&
      (renderedUntilMs(read, reads) >= read.sentAtMs ||
        isOfOlderInner(read, reads, purge) ||
        isBesideRender(read, renders, purge.answeredAtMs + bounds.withinMs));
    const read = old.find((one) => !isJoined(one)) ?? old[0];
    if (read === undefined) return [];
    const last = later.findLast((one) => isSamePlace(one, read));
    const isSilent = overlaps(faults, purge.sentAtMs, purge.answeredAtMs);
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
      isLasting: last !== undefined && old.includes(last),
      isSilent,
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
      isSamePlace(one, read) &&
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

const isSamePlace = (one: Read, other: Read): boolean =>
  one.cache === other.cache && one.process === other.process;

/** Whether a read after a soft purge may be stale, because no earlier answer caused a refresh. */
function mayBeStale(
  read: Read,
  later: readonly Read[],
  faults: readonly Fault[],
  refreshMs: number,
): boolean {
  return !later.some(
    (earlier) =>
      isSamePlace(earlier, read) &&
      earlier.answeredAtMs + refreshMs < read.sentAtMs &&
      !overlaps(faults, earlier.sentAtMs, read.sentAtMs),
  );
}
