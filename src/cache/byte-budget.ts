// The memory limit for all fills of an isolate. The limit covers arriving bodies, and bodies that
// clients have not read yet.

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
  readonly #holdings = new Map<object, HeldBytes>();
  #takenBytes = 0;
  #refusedBytes = 0;
  /** The bytes of held objects that another owner counts, such as the memory tier. */
  #uncountedBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Returns whether this many bytes are left. */
  hasRoomFor(bytes: number): boolean {
    return this.#takenBytes + bytes <= this.#bytesMax;
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
