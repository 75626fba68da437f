// What all fills of an isolate may hold together while their bodies arrive.

export class ByteBudget {
  readonly #bytesMax: number;
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
}
