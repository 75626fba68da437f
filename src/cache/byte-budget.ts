// The memory limit for all fills of an isolate. The limit covers arriving bodies, and bodies that
// clients have not read yet.
import { isWithinMs } from "../base/elapsed.ts";

/** Memory for a client that may have left before the head. */
interface Unread {
  readonly sinceAtMs: number;
  readonly release: () => void;
  readonly hasBegun: () => boolean;
}

/**
 * The runtime ends a request 30 s after its client has left, without notice. A client that is there
 * begins to read earlier, unless its origin is slow: then its memory is not counted for a while.
 */
const unreadMsMax = 45_000;

interface HeldBytes {
  readonly bytes: number;
  holderCount: number;
  isCounted: boolean;
}

/**
 * The share for large bodies. The rest is reserved for small bodies, so that slow readers of large
 * bodies cannot block them.
 */
const largeShare = 3 / 4;

/** Counts the body bytes of all fills against one limit. */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #nowAtMs: () => number;
  readonly #holdings = new Map<object, HeldBytes>();
  #takenBytes = 0;
  #refusedBytes = 0;
  /** The bytes of held objects that another owner counts, such as the memory tier. */
  #uncountedBytes = 0;
  /** Oldest first. */
  readonly #unread = new Set<Unread>();

  /** @param nowAtMs epoch milliseconds */
  constructor(bytesMax: number, nowAtMs: () => number = Date.now) {
    this.#bytesMax = bytesMax;
    this.#nowAtMs = nowAtMs;
  }

  /** Returns whether this many bytes are left. */
  hasRoomFor(bytes: number): boolean {
    const isLeft = () => this.#takenBytes + bytes <= this.#bytesMax;
    if (!isLeft()) this.#releaseUnread();
    return isLeft();
  }

  /**
   * Returns whether the bytes would still fit if this budget also counted all bytes that are counted elsewhere.
   */
  hasRoomInAll(bytes: number): boolean {
    return this.hasRoomFor(this.#uncountedBytes + bytes);
  }

  /** Returns whether the last rejected size would be rejected again. */
  get isShort(): boolean {
    return !this.hasRoomFor(this.#refusedBytes);
  }

  /**
   * Takes bytes from the budget.
   *
   * @param of the size class of the body
   * @returns false, without taking bytes, if too few are left
   */
  take(bytes: number, of: "small" | "large" = "small"): boolean {
    const neededBytes = of === "large" ? bytes + (1 - largeShare) * this.#bytesMax : bytes;
    if (!this.hasRoomFor(neededBytes)) {
      this.#refusedBytes = neededBytes;
      return false;
    }
    this.#takenBytes += bytes;
    return true;
  }

  /** Gives bytes back. */
  give(bytes: number): void {
    this.#takenBytes -= bytes;
  }

  /**
   * Takes bytes for a client that may leave before the head. They count for at most 45 s.
   *
   * @returns a function that gives them back, once; `undefined` if too few are left
   */
  lend(bytes: number, of?: "small" | "large"): (() => void) | undefined {
    if (!this.take(bytes, of)) return undefined;
    let lentBytes = bytes;
    return this.untilRead(() => {
      this.give(lentBytes);
      lentBytes = 0;
    });
  }

  /**
   * Releases memory 45 s from now, unless its client has begun to read by then.
   *
   * @param release may be called twice
   * @returns a function that releases the memory at once
   */
  untilRead(release: () => void, hasBegun = () => false): () => void {
    this.#releaseUnread();
    const unread = { sinceAtMs: this.#nowAtMs(), release, hasBegun };
    this.#unread.add(unread);
    return () => {
      this.#unread.delete(unread);
      release();
    };
  }

  #releaseUnread(): void {
    const atMs = this.#nowAtMs();
    for (const unread of this.#unread) {
      if (isWithinMs(unreadMsMax, unread.sinceAtMs, atMs)) return;
      this.#unread.delete(unread);
      if (!unread.hasBegun()) unread.release();
    }
  }

  /**
   * Counts an object that is already in memory, even beyond the limit. An object with several
   * holders is counted once.
   *
   * @param isCountedElsewhere whether the object is counted here only after `countFromNow`
   * @returns a function that releases the hold; further calls do nothing
   */
  hold(owner: object, bytes: number, { isCountedElsewhere = false } = {}): () => void {
    const holding = this.#holdings.get(owner) ?? { bytes, holderCount: 0, isCounted: false };
    if (holding.holderCount === 0) this.#uncountedBytes += bytes;
    holding.holderCount += 1;
    this.#holdings.set(owner, holding);
    if (!isCountedElsewhere) this.#count(holding);
    let isHolding = true;
    return () => {
      if (isHolding) this.#release(owner, holding);
      isHolding = false;
    };
  }

  /**
   * Counts an object that its other owner has released. Does nothing if the object has no holder
   * here.
   */
  countFromNow(owner: object): void {
    const holding = this.#holdings.get(owner);
    if (holding !== undefined) this.#count(holding);
  }

  #count(holding: HeldBytes): void {
    if (holding.isCounted) return;
    holding.isCounted = true;
    this.#uncountedBytes -= holding.bytes;
    this.#takenBytes += holding.bytes;
  }

  #release(owner: object, holding: HeldBytes): void {
    holding.holderCount -= 1;
    if (holding.holderCount > 0) return;
    this.#holdings.delete(owner);
    if (holding.isCounted) this.give(holding.bytes);
    else this.#uncountedBytes -= holding.bytes;
  }
}
