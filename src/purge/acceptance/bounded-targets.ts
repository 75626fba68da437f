// Limits the targets of a purge to the size of one journal entry. If a target does not fit, a wider
// target replaces it. The purge then covers more than necessary, but misses nothing.
import { tagBytes } from "../../protocol/purge-order.ts";
import { everythingTag } from "../journal/purge-target.ts";

/** A target, and a wider target that covers it. Both are in the journal's form. */
export interface WidenableTarget {
  readonly exact: string;
  readonly wider: string;
}

/**
 * The limits of the targets' size as JSON: for adding exact targets, and for adding wider targets.
 * They leave room for the other fields of an entry of at most 8 KiB.
 */
export const exactBytesMax = 6_144;
export const allBytesMax = 7_168;

export class BoundedTargets {
  readonly #tags = new Set<string>();
  #bytes = 0;

  /** The size of the targets as JSON, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get tags(): readonly string[] {
    return [...this.#tags];
  }

  /**
   * Adds the exact target, or the wider target if the exact one does not fit. If neither fits, the
   * targets become everything.
   *
   * @param mayBeExact `false` to add only the wider target
   * @returns `exact` if the exact target is among the targets, else `wider`
   */
  add({ exact, wider }: WidenableTarget, mayBeExact = true): "exact" | "wider" {
    if (this.#tags.has(everythingTag)) return "wider";
    if (this.#tags.has(exact)) return "exact";
    if (this.#tags.has(wider)) return "wider";
    if (mayBeExact && this.#take(exact, exactBytesMax)) return "exact";
    if (this.#take(wider, allBytesMax)) return "wider";
    this.#tags.clear();
    this.#tags.add(everythingTag);
    return "wider";
  }

  #take(tag: string, bytesMax: number): boolean {
    // Add 1 for the comma.
    const bytes = this.#bytes + tagBytes(JSON.stringify(tag)) + 1;
    if (bytes > bytesMax) return false;
    this.#bytes = bytes;
    this.#tags.add(tag);
    return true;
  }
}
