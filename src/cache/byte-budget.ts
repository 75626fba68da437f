// What all fills of an isolate may hold together: bodies that arrive, and those that clients have
// yet to take.

interface Holding {
  readonly bytes: number;
  holderCount: number;
  isCounted: boolean;
}

/** A quarter is for small bodies alone: clients that do not read large ones must not keep them out. */
const largeShare = 3 / 4;

/** Counts bytes of bodies under one bound for all fills. */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #holdings = new Map<object, Holding>();
  #takenBytes = 0;
  #refusedBytes = 0;
  /** Of what is held and counted elsewhere. */
  #uncountedBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Are so many bytes left? */
  hasRoomFor(bytes: number): boolean {
    return this.#takenBytes + bytes <= this.#bytesMax;
  }

  /** Also once all that is held and counted elsewhere is counted here? */
  hasRoomInAll(bytes: number): boolean {
    return this.hasRoomFor(this.#uncountedBytes + bytes);
  }

  /** Would what was refused last be refused again? */
  get isShort(): boolean {
    return !this.hasRoomFor(this.#refusedBytes);
  }

  /**
   * @param of the body that the bytes belong to
   * @returns false, taking nothing, if that is more than is left
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

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#takenBytes -= bytes;
  }

  /**
   * Counts what is there already, even beyond the bound, and once however many hold it.
   *
   * @param given.isCountedElsewhere then nothing is counted here before `countFromNow`
   * @returns what lets go of it; further calls do nothing
   */
  hold(held: object, bytes: number, { isCountedElsewhere = false } = {}): () => void {
    const holding = this.#holdings.get(held) ?? { bytes, holderCount: 0, isCounted: false };
    if (holding.holderCount === 0) this.#uncountedBytes += bytes;
    holding.holderCount += 1;
    this.#holdings.set(held, holding);
    if (!isCountedElsewhere) this.#count(holding);
    let isHolding = true;
    return () => {
      if (isHolding) this.#letGo(held, holding);
      isHolding = false;
    };
  }

  /** Who counted it elsewhere has let go of it; nothing, where nobody holds it. */
  countFromNow(held: object): void {
    const holding = this.#holdings.get(held);
    if (holding !== undefined) this.#count(holding);
  }

  #count(holding: Holding): void {
    if (holding.isCounted) return;
    holding.isCounted = true;
    this.#uncountedBytes -= holding.bytes;
    this.#takenBytes += holding.bytes;
  }

  #letGo(held: object, holding: Holding): void {
    holding.holderCount -= 1;
    if (holding.holderCount > 0) return;
    this.#holdings.delete(held);
    if (holding.isCounted) this.give(holding.bytes);
    else this.#uncountedBytes -= holding.bytes;
  }
}
