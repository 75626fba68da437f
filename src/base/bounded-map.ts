// A map with a size limit, which evicts by S3-FIFO (Yang et al., "FIFO queues are all you need for
// cache eviction", SOSP 2023): a read moves nothing, and a scan evicts only itself.
import { fnv1a } from "./spread-bits.ts";

export interface BoundedMapSettings<Value> {
  /** The limit for the sum of all sizes: a count of entries, or bytes if `sizeOf` returns bytes. */
  readonly sizeMax: number;
  readonly sizeOf?: (value: Value, name: string) => number;
  /**
   * The share of the size for new entries that were never read. Beyond it, they are evicted first.
   * With 0, the entries that were set first and not read since are evicted first.
   */
  readonly trialShare?: number;
  /** Called for each value that leaves the map. */
  readonly onRemoved?: (
    value: Value,
    name: string,
    why: "evicted" | "removed" | "replaced",
  ) => void;
}

interface Entry<Value> {
  readonly name: string;
  readonly value: Value;
  readonly size: number;
  queue: Queue<Value>;
  /** The reads since the entry was added or last passed over, at most 3. */
  reads: number;
  newer: Entry<Value> | undefined;
  older: Entry<Value> | undefined;
}

const readsMax = 3;

export class BoundedMap<Value> {
  readonly #settings: BoundedMapSettings<Value>;
  readonly #trialSizeMax: number;
  readonly #byName = new Map<string, Entry<Value>>();
  readonly #onTrial = new Queue<Value>();
  readonly #kept = new Queue<Value>();
  /** Digests of names evicted on trial, in two generations of at most `count` digests each. */
  #failed = new Set<number>();
  #failedBefore = new Set<number>();

  constructor(settings: BoundedMapSettings<Value>) {
    this.#settings = settings;
    this.#trialSizeMax = settings.sizeMax * (settings.trialShare ?? 0);
  }

  get count(): number {
    return this.#byName.size;
  }

  get size(): number {
    return this.#onTrial.size + this.#kept.size;
  }

  get(name: string): Value | undefined {
    const entry = this.#byName.get(name);
    if (entry === undefined) return undefined;
    if (entry.reads < readsMax) entry.reads += 1;
    return entry.value;
  }

  /** Returns a value without counting a read. */
  peek(name: string): Value | undefined {
    return this.#byName.get(name)?.value;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  *entries(): Generator<readonly [name: string, value: Value]> {
    for (const { name, value } of this.#byName.values()) yield [name, value];
  }

  /** Adds or replaces a value. If the value is larger than the limit, the name has no value. */
  set(name: string, value: Value): void {
    const { sizeMax, sizeOf } = this.#settings;
    const size = sizeOf?.(value, name) ?? 1;
    const before = this.#byName.get(name);
    if (before !== undefined) this.#remove(before, "replaced");
    if (size > sizeMax) return;
    while (this.size + size > sizeMax) this.evict();
    const queue = before?.queue ?? (this.#skipsTrial(name) ? this.#kept : this.#onTrial);
    const reads = before?.reads ?? 0;
    const entry = { name, value, size, queue, reads, newer: undefined, older: undefined };
    this.#byName.set(name, entry);
    queue.add(entry);
  }

  delete(name: string): void {
    const entry = this.#byName.get(name);
    if (entry !== undefined) this.#remove(entry, "removed");
  }

  clear(): void {
    for (const entry of this.#byName.values()) this.#remove(entry, "removed");
  }

  /** Evicts one entry, if there is one. */
  evict(): void {
    for (;;) {
      const isTrial = this.#onTrial.size > this.#trialSizeMax || this.#kept.oldest === undefined;
      const entry = isTrial ? this.#onTrial.oldest : this.#kept.oldest;
      if (entry === undefined) return;
      if (entry.reads === 0) {
        if (isTrial) this.#noteFailed(entry.name);
        return this.#remove(entry, "evicted");
      }
      // The read entry passes its trial, or stays for another round.
      entry.queue.remove(entry);
      entry.reads = isTrial ? 0 : entry.reads - 1;
      entry.queue = this.#kept;
      this.#kept.add(entry);
    }
  }

  #remove(entry: Entry<Value>, why: "evicted" | "removed" | "replaced"): void {
    entry.queue.remove(entry);
    this.#byName.delete(entry.name);
    this.#settings.onRemoved?.(entry.value, entry.name, why);
  }

  #skipsTrial(name: string): boolean {
    if (this.#trialSizeMax === 0) return true;
    const digest = fnv1a(name);
    return this.#failed.has(digest) || this.#failedBefore.has(digest);
  }

  #noteFailed(name: string): void {
    if (this.#failed.size >= this.#byName.size) {
      this.#failedBefore = this.#failed;
      this.#failed = new Set();
    }
    this.#failed.add(fnv1a(name));
  }
}

const marksBytesMax = 1_048_576;

/**
 * Notes of an isolate by names that clients choose. Evicts the marks that were set first, whatever was
 * read since.
 */
export class BoundedMarks<Mark extends number | string | object> extends BoundedMap<Mark> {
  /**
   * @param bytesMax the size limit of all names, with overhead
   * @param textOf returns the text in a mark that a client or origin chooses. Its size also counts
   */
  constructor(bytesMax = marksBytesMax, textOf?: (mark: Mark) => string) {
    super({
      sizeMax: bytesMax,
      sizeOf: (mark, name) => textBytes(name) + (textOf ? textBytes(textOf(mark)) : 0),
    });
  }

  override get(name: string): Mark | undefined {
    return this.peek(name);
  }
}

/** Estimates the size of a string: two bytes per character, and overhead. */
function textBytes(text: string): number {
  return 64 + 2 * text.length;
}

/** A first-in, first-out queue: a doubly linked list, with the sum of the sizes. */
class Queue<Value> {
  size = 0;
  oldest: Entry<Value> | undefined;
  #newest: Entry<Value> | undefined;

  add(entry: Entry<Value>): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.size += entry.size;
  }

  remove(entry: Entry<Value>): void {
    const { older, newer } = entry;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    this.size -= entry.size;
  }
}
