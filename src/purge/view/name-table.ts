// The number of the last entry of each name, by the digests of `epochDigest`: a hash table with linear probing. A `Map`
// would take five times the memory.

const slotsMin = 1_024;
/** The highest share of slots in use. */
const loadMax = 0.75;

export class NameTable {
  /** The digest in each slot, and the entry's number; 0 if the slot is free. */
  #slots = new Int32Array(2 * slotsMin);
  #count = 0;

  /** The bytes of the table. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** Returns the number of the last entry of a name; 0 if there is none. */
  get(digest: number): number {
    return this.#slots[this.#placeOf(digest) + 1] ?? 0;
  }

  /** Notes an entry of a name, unless a later one is noted. */
  note(digest: number, number: number): void {
    const slots = this.#slots;
    const place = this.#placeOf(digest);
    const before = slots[place + 1] ?? 0;
    if (number <= before) return;
    slots[place] = digest;
    slots[place + 1] = number;
    if (before > 0) return;
    this.#count += 1;
    if (2 * this.#count > loadMax * slots.length) this.#rebuild(slots.length, 0);
  }

  /** Forgets the names without an entry after this one. */
  forgetUpTo(number: number): void {
    this.#rebuild(slotsMin, number);
  }

  #rebuild(slotCount: number, after: number): void {
    const before = this.#slots;
    this.#slots = new Int32Array(2 * slotCount);
    this.#count = 0;
    for (let place = 0; place < before.length; place += 2) {
      const number = before[place + 1] ?? 0;
      if (number > after) this.note(before[place] ?? 0, number);
    }
  }

  /** Returns the place of a digest, or the free place where it belongs. */
  #placeOf(digest: number): number {
    const slots = this.#slots;
    const mask = slots.length - 2;
    let place = (2 * digest) & mask;
    while (slots[place + 1] !== 0 && slots[place] !== digest) place = (place + 2) & mask;
    return place;
  }
}
