// The memory limit for all fills of an isolate: arriving bodies, and bodies that clients have yet to read.

interface HeldBytes {
  readonly bytes: number;
  holderCount: number;
  isCounted: boolean;
}

/** The last quarter is for small bodies, so that slow readers of large bodies cannot block these. */
const largeShare = 3 / 4;

/** Counts the body bytes of all fills against one limit. */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #holdings = new Map<object, HeldBytes>();
  #takenBytes = 0;
  #refusedBytes = 0;
  /** Bytes held here and counted elsewhere. */
  #uncountedBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Returns whether this many bytes are left. */
  hasRoomFor(bytes: number): boolean {
    return this.#takenBytes + bytes <= this.#bytesMax;
  }

  /** Returns whether the bytes also fit if everything counted elsewhere moves here. */
  hasRoomInAll(bytes: number): boolean {
    return this.hasRoomFor(this.#uncountedBytes + bytes);
  }

  /** Returns whether the last refused size would be refused again. */
  get isShort(): boolean {
    return !this.hasRoomFor(this.#refusedBytes);
  }

  /**
   * Takes bytes from the budget.
   *
   * @param of size class of the body
   * @returns false, taking nothing, if too little is left
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
   * Counts an object that is already in memory, even beyond the limit, and once for all its holders.
   *
   * @param given.isCountedElsewhere then it does not count here before `countFromNow`
   * @returns releases the hold; further calls do nothing
   */
  hold(held: object, bytes: number, { isCountedElsewhere = false } = {}): () => void {
    const holding = this.#holdings.get(held) ?? { bytes, holderCount: 0, isCounted: false };
    if (holding.holderCount === 0) this.#uncountedBytes += bytes;
    holding.holderCount += 1;
    this.#holdings.set(held, holding);
    if (!isCountedElsewhere) this.#count(holding);
    let isHolding = true;
    return () => {
      if (isHolding) this.#cancelBody(held, holding);
      isHolding = false;
    };
  }

  /** Counts an object here after its other owner released it; does nothing without a holder here. */
  countFromNow(held: object): void {
    const holding = this.#holdings.get(held);
    if (holding !== undefined) this.#count(holding);
  }

  #count(holding: HeldBytes): void {
    if (holding.isCounted) return;
    holding.isCounted = true;
    this.#uncountedBytes -= holding.bytes;
    this.#takenBytes += holding.bytes;
  }

  #cancelBody(held: object, holding: HeldBytes): void {
    holding.holderCount -= 1;
    if (holding.holderCount > 0) return;
    this.#holdings.delete(held);
    if (holding.isCounted) this.give(holding.bytes);
    else this.#uncountedBytes -= holding.bytes;
  }
}
