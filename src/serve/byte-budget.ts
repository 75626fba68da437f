// What all fills of an isolate may hold together: bodies that arrive, and those that clients have
// yet to take.

export class ByteBudget {
  readonly #bytesMax: number;
  readonly #holderCounts = new Map<ArrayBufferLike, number>();
  #takenBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @returns false, taking nothing, if that is more than is left */
  take(bytes: number): boolean {
    if (this.#takenBytes + bytes > this.#bytesMax) return false;
    this.#takenBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#takenBytes -= bytes;
  }

  /**
   * Counts what is there already, even beyond the bound, and once however many hold it.
   *
   * @returns what lets go of it; further calls do nothing
   */
  hold(held: ArrayBufferLike): () => void {
    const before = this.#holderCounts.get(held) ?? 0;
    if (before === 0) this.#takenBytes += held.byteLength;
    this.#holderCounts.set(held, before + 1);
    let isHolding = true;
    return () => {
      if (isHolding) this.#letGo(held);
      isHolding = false;
    };
  }

  #letGo(held: ArrayBufferLike): void {
    const left = (this.#holderCounts.get(held) ?? 0) - 1;
    if (left > 0) return void this.#holderCounts.set(held, left);
    this.#holderCounts.delete(held);
    this.give(held.byteLength);
  }
}
