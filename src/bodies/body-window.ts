// The newest bytes of an arriving body, and what the budget counts for them.
import { CutBody } from "../base/byte-streams.ts";
import type { ByteBudget, SpareBytes } from "../cache/byte-budget.ts";

/** Larger bodies get no memory that small bodies may need, and are sent while they arrive. */
export const smallBytesMax = 65_536;
/** The least memory of an open window: one short chunk, and the objects of its request on workerd. */
const leastBytes = { chunk: 16_384, objects: 24_576 };

type Chunk = Uint8Array<ArrayBuffer>;

/** A body, and the limits of its window. */
export interface WindowLimits {
  /** The length of the window. While memory is short, only the newest chunk is held. */
  readonly bytesMax: number;
  /** Counts the held bytes. */
  readonly budget: ByteBudget;
  /** The Content-Length; `null` if there is none. */
  readonly bodyBytes: number | null;
}

export class BodyWindow implements SpareBytes {
  readonly #limits: WindowLimits;
  readonly #neededFrom: () => number;
  /** The held chunks. */
  readonly chunks: Chunk[] = [];
  /** The number of chunks dropped before the first of `chunks`. */
  dropped = 0;
  heldBytes = 0;
  /** The number of bytes that have arrived. */
  arrivedBytes: number;
  /** Everything is held until `open`. */
  isOpen = false;
  countedBytes = 0;

  /** @param neededFrom returns the number of the first chunk that a reader needs */
  constructor(limits: WindowLimits, firstByte: number, neededFrom: () => number) {
    this.#limits = limits;
    this.arrivedBytes = firstByte;
    this.#neededFrom = neededFrom;
  }

  /**
   * Limits the held bytes from now on.
   *
   * @returns whether the budget had room for the window. It counts in either case
   */
  open(): boolean {
    this.isOpen = true;
    return this.#count();
  }

  /** The limit of the held bytes. */
  get bytesMax(): number {
    if (!this.isOpen) return Infinity;
    return this.#limits.budget.isShort ? 0 : this.#limits.bytesMax;
  }

  /**
   * Adds a chunk. It is held and counted in either case.
   *
   * @returns whether the budget had room for the chunk
   * @throws Error if the body is longer than stated
   */
  push(chunk: Chunk): boolean {
    if (this.arrivedBytes + chunk.byteLength > (this.#limits.bodyBytes ?? Infinity)) {
      throw new CutBody("The body was longer than its Content-Length.");
    }
    if (chunk.byteLength === 0) return true;
    this.chunks.push(chunk);
    this.heldBytes += chunk.byteLength;
    this.arrivedBytes += chunk.byteLength;
    return this.#count();
  }

  /** Drops the oldest chunks beyond the limit. */
  shorten(): void {
    const { bytesMax } = this;
    while (this.heldBytes > bytesMax && this.chunks.length > 1) this.#dropFirst();
  }

  /** Notes that a reader has read a chunk. Chunks that all have read only let more readers join. */
  hasRead(): void {
    if (this.isOpen) this.#limits.budget.addSpare(this);
  }

  dropSpare(): void {
    const neededFrom = this.#neededFrom();
    while (this.chunks.length > 1 && this.dropped < neededFrom) this.#dropFirst();
  }

  /** Drops all chunks, and counts nothing. */
  clear(): void {
    this.dropped += this.chunks.length;
    this.chunks.length = 0;
    this.heldBytes = 0;
    this.release();
  }

  /** Counts nothing until more arrives. The chunks stay. */
  release(): void {
    const { budget } = this.#limits;
    budget.removeSpare(this);
    budget.give(this.countedBytes);
    this.countedBytes = 0;
  }

  #dropFirst(): void {
    this.heldBytes -= this.chunks.shift()?.byteLength ?? 0;
    this.dropped += 1;
    this.#count();
  }

  /** Counts what is held now, in any case. Returns whether the budget had room for it. */
  #count(): boolean {
    const { budget, bodyBytes } = this.#limits;
    const { chunk, objects } = leastBytes;
    const openBytes = Math.max(chunk, this.heldBytes) + objects;
    const bytes = this.isOpen ? openBytes : this.heldBytes;
    const moreBytes = bytes - this.countedBytes;
    this.countedBytes = bytes;
    if (moreBytes <= 0) {
      budget.give(-moreBytes);
      return true;
    }
    const isSmall = !this.isOpen && Math.max(this.arrivedBytes, bodyBytes ?? 0) <= smallBytesMax;
    if (budget.take(moreBytes, isSmall ? "small" : "large")) return true;
    budget.charge(moreBytes);
    return false;
  }
}
