// The targets of one purge, bounded so that they fit into one entry of the journal. What finds no
// room is covered by something wider: that costs hits, and leaves nothing out.
import { everythingTag, tagBytes } from "../journal/purge-target.ts";

/** A target, and what covers it together with much else. Both in the journal's own form. */
export interface WidenableTarget {
  readonly exact: string;
  readonly wider: string;
}

/** Both within the 8 KiB of an entry, beside its other fields; each as JSON. */
export const exactBytesMax = 6_144;
export const allBytesMax = 7_168;

export class BoundedTargets {
  readonly #tags = new Set<string>();
  #bytes = 0;

  /** As JSON. */
  get bytes(): number {
    return this.#bytes;
  }

  get tags(): readonly string[] {
    return [...this.#tags];
  }

  /** @returns as what it is covered from now on */
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
    // As JSON, with the comma after it.
    const bytes = this.#bytes + tagBytes(JSON.stringify(tag)) + 1;
    if (bytes > bytesMax) return false;
    this.#bytes = bytes;
    this.#tags.add(tag);
    return true;
  }
}
