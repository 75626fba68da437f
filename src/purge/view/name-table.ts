// The number of the last entry of each name, by the digests of `epochDigest`: a hash table with linear probing. A `Map`
// would take five times the memory.

const slotsMin = 1_024;
/** The highest share of slots in use. */
const loadMax = 0.75;

export class NameTable {
  #digests = new Int32Array(slotsMin);
  /** The entry's number in each slot; 0 if the slot is free. */
  #numbers = new Int32Array(slotsMin);
  #count = 0;

  /** The bytes of the table. */
  get bytes(): number {
    return this.#digests.byteLength + this.#numbers.byteLength;
  }

  /** Returns the number of the last entry of a name; 0 if there is none. */
  get(digest: number): number {
    return this.#numbers[this.#slotOf(digest)] ?? 0;
  }

  /** Notes an entry of a name, unless a later one is noted. */
  note(digest: number, number: number): void {
    const slot = this.#slotOf(digest);
    const before = this.#numbers[slot] ?? 0;
    if (number <= before) return;
    this.#digests[slot] = digest;
    this.#numbers[slot] = number;
    if (before > 0) return;
    this.#count += 1;
    if (this.#count > loadMax * this.#numbers.length) this.#rebuild(2 * this.#numbers.length, 0);
  }

  /** Forgets the names without an entry after this one. */
  forgetUpTo(number: number): void {
    this.#rebuild(slotsMin, number);
  }

  #rebuild(slots: number, after: number): void {
    const [digests, numbers] = [this.#digests, this.#numbers];
    this.#digests = new Int32Array(slots);
    this.#numbers = new Int32Array(slots);
    this.#count = 0;
    for (const [slot, number] of numbers.entries()) {
      if (number > after) this.note(digests[slot] ?? 0, number);
    }
  }

  /** Returns the slot of a digest, or the free slot where it belongs. */
  #slotOf(digest: number): number {
    const mask = this.#numbers.length - 1;
    let slot = digest & mask;
    while (this.#numbers[slot] !== 0 && this.#digests[slot] !== digest) slot = (slot + 1) & mask;
    return slot;
  }
}
