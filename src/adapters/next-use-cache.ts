// The handler for cacheHandlers in Next.js 16, which stores the results of functions with "use cache".
import { OperatorError } from "../base/operator-error.ts";
import { storageOfNext } from "../base/outside-next.ts";
import type { Namespace } from "../data/namespace.ts";
import { OutOfTime, within } from "../base/timeouts.ts";
import { segmentOf, tagsOf } from "./library-key.ts";
import {
  bytesIn,
  type StoredBytes,
  storedBytesOf,
  type NextDurations,
  type NextPurges,
  nextNowMs,
  type RecentStarts,
  type PendingStores,
} from "./next-shared.ts";

interface EntryMetadata {
  readonly tags: readonly string[];
  /** All lifetimes are in seconds. */
  readonly stale: number;
  readonly expire: number;
  readonly revalidate: number;
  /** When the load began, by `nextNowMs`. */
  readonly timestamp: number;
}

/** An entry as Next.js passes and expects it. */
export interface UseCacheEntry extends EntryMetadata {
  readonly tags: string[];
  readonly value: ReadableStream<Uint8Array>;
}

/** A stored entry. */
export interface StoredEntry extends EntryMetadata {
  readonly bytes: StoredBytes;
}

/** The handler, as Next.js declares it. */
export interface UseCacheHandler {
  get(cacheKey: string, softTags: readonly string[]): Promise<UseCacheEntry | undefined>;
  set(cacheKey: string, pendingEntry: Promise<UseCacheEntry>): Promise<void>;
  refreshTags(): Promise<void>;
  getExpiration(tags: readonly string[]): Promise<number>;
  updateTags(tags: readonly string[], durations?: NextDurations): Promise<void>;
}

export interface UseCachePorts {
  readonly namespace: Namespace<StoredEntry>;
  readonly purges: NextPurges;
  readonly starts: RecentStarts;
  /** The longest time in milliseconds that a value is stored. */
  readonly freshMs: number;
  readonly pending: PendingStores;
}

type Place = readonly ["use-cache", string];

export function useCacheHandler(ports: UseCachePorts): UseCacheHandler {
  const { namespace, purges, starts, pending } = ports;
  return {
    async get(cacheKey, softTags) {
      const place = placeOf(cacheKey);
      await pending.ended(String(place));
      const {
        value,
        isStale,
        startAfter: start,
      } = await namespace.lookUp(place, { tags: tagsOf(softTags) });
      starts.keepFound(place[1], { endedAtMs: nextNowMs(), start });
      return value ? entryOf(value, isStale) : undefined;
    },
    async set(cacheKey, pendingEntry) {
      const place = placeOf(cacheKey);
      const collecting = collect(pendingEntry);
      // `res.revalidate` looks nothing up, so other processes may keep an older entry.
      const isOnDemand = storageOfNext()?.getStore()?.isOnDemandRevalidate === true;
      const keep = isOnDemand ? drop : store;
      const storing = collecting.then((entry) => entry && keep(place, entry, ports));
      pending.add(String(place), storing);
      // `pending` reports the error.
      await collecting.catch(() => undefined);
    },
    async refreshTags() {
      // Each lookup judges the value by the journal.
    },
    async getExpiration() {
      // Infinity asks Next.js to pass the soft tags to `get`.
      return Infinity;
    },
    async updateTags(tags, durations) {
      await purges.purge(tags, durations);
    },
  };
}

const placeOf = (cacheKey: string): Place => ["use-cache", segmentOf(cacheKey)];

function entryOf({ bytes, ...stored }: StoredEntry, isStale: boolean): UseCacheEntry {
  // A negative time makes Next.js answer with the value and load it again.
  const revalidate = isStale ? -1 : stored.revalidate;
  return { ...stored, tags: [...stored.tags], revalidate, value: streamOf(bytesIn(bytes)) };
}

async function store(
  place: Place,
  { value, bytes }: CollectedEntry,
  { namespace, starts, freshMs }: UseCachePorts,
): Promise<void> {
  const { tags, stale, timestamp, expire, revalidate } = value;
  const fresh = Math.min(timestamp + expire * 1_000 - nextNowMs(), freshMs);
  // Next.js would load such an entry again at each use.
  if (expire === 0 || fresh <= 0) return;
  const entry = { bytes, tags, stale, timestamp, expire, revalidate };
  // Next.js waits for `get` before it takes `timestamp`. A load without a lookup of its key gets the start of another
  // key. It purges no older values: a purge would give the value a later stamp, before which soft tags may be purged.
  const start = starts.of(timestamp, place[1]);
  if (start === undefined) return;
  await namespace.set(place, entry, { fresh, tags: tagsOf(tags), start, everywhere: false });
}

/**
 * Ends the older entries of all processes. Stores none: the soft tags of the new one may be purged before the stamp
 * that a purge of its key would give it.
 */
async function drop(place: Place, _: CollectedEntry, { namespace }: UseCachePorts): Promise<void> {
  await namespace.delete(place);
}

interface CollectedEntry {
  readonly value: EntryMetadata;
  readonly bytes: StoredBytes;
}

const collectMsMax = 60_000;

/**
 * Returns the entry with its bytes; `undefined` if the load has failed or was aborted.
 *
 * @throws OperatorError after a minute, and cancels the stream
 */
async function collect(pendingEntry: Promise<UseCacheEntry>): Promise<CollectedEntry | undefined> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    return await within(read(), collectMsMax);
  } catch (cause) {
    if (cause instanceof OutOfTime) {
      void reader?.cancel(cause).catch(() => undefined);
      throw endless();
    }
    // Next.js reports the error.
    return undefined;
  }

  async function read(): Promise<CollectedEntry> {
    const value = await pendingEntry;
    reader = value.value.getReader();
    const chunks: Uint8Array[] = [];
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      chunks.push(part.value);
    }
    const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    return { value, bytes: storedBytesOf(bytes) };
  }
}

function endless(): OperatorError {
  return new OperatorError({
    what: 'A result of a function with "use cache" is not stored.',
    why: "It was not complete after a minute.",
    hint: "Limit the waits of the function, and end each stream in its result.",
  });
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
