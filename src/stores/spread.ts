// Spreads keys over several objects by rendezvous hashing (Thaler and Ravishankar, 1998). A key
// belongs to the object with the highest score for it, so a new object takes only its own share. No
// client can tell which keys share an object, because the score depends on a secret.
import { mixed } from "../base/spread-bits.ts";
import type { NameSecret, RecordKey } from "../cache/record/record-key.ts";
import { sha256HexAtOnce } from "../base/sha256.ts";

/** @typeParam Part what belongs to one object, such as its stub */
export class Spread<Part> {
  readonly #seeded: readonly (readonly [seed: number, part: Part])[];

  readonly #first: Part;
  readonly #secret: NameSecret;

  /**
   * @param objects each object's name and part. The name decides the share
   */
  constructor(
    objects: readonly [
      readonly [name: string, part: Part],
      ...(readonly [name: string, part: Part])[],
    ],
    secret: NameSecret,
  ) {
    this.#secret = secret;
    this.#first = objects[0][1];
    this.#seeded = objects.map(([name, part]) => [bitsOf(sha256HexAtOnce(name)), part]);
  }

  async of(key: RecordKey): Promise<Part> {
    const digest = await key.digest();
    await this.#secret.ready();
    const bits = bitsOf(this.#secret.of(digest));
    let [best, highest] = [this.#first, -1];
    for (const [seed, part] of this.#seeded) {
      const score = mixed(seed ^ bits);
      if (score > highest) [best, highest] = [part, score];
    }
    return best;
  }

  /** Groups items by the part of their keys. Returns each part with the positions of its items. */
  async grouped(keys: readonly RecordKey[]): Promise<ReadonlyMap<Part, readonly number[]>> {
    const groups = new Map<Part, number[]>();
    for (const [at, key] of keys.entries()) {
      const part = await this.of(key);
      groups.set(part, [...(groups.get(part) ?? []), at]);
    }
    return groups;
  }
}

/** Returns the first 32 bits of a hex digest. */
const bitsOf = (hex: string) => Number.parseInt(hex.slice(0, 8), 16);
