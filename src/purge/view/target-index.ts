// What is kept for each target of purges, found by what a stored response carries. The cost of a
// look-up follows the response's tags and the segments of its path, not the number of purges.
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";
import { PrefixTrie } from "./prefix-trie.ts";
import { comparedTag, coverable, type PurgeTargets } from "../journal/purge-target.ts";
import { comparedUrl } from "../journal/spelling.ts";

export class TargetIndex<T extends object> {
  readonly #byTag = new Map<string, T>();
  readonly #byPrefix = new PrefixTrie<T>();

  /** @param change from what is kept for a target to what will be; `undefined` is nothing */
  change({ tags, prefixes }: PurgeTargets, change: (kept: T | undefined) => T | undefined): void {
    for (const tag of new Set(tags.map(comparedTag))) {
      const changed = change(this.#byTag.get(tag));
      if (changed === undefined) this.#byTag.delete(tag);
      else this.#byTag.set(tag, changed);
    }
    for (const prefix of new Set(prefixes.map(comparedUrl))) this.#byPrefix.change(prefix, change);
  }

  /** What is kept for each target that covers this response. */
  covering(stored: StoredMetadata): readonly T[] {
    const { tags, paths } = coverable(stored);
    const found: T[] = [];
    for (const tag of tags) {
      const kept = this.#byTag.get(tag);
      if (kept !== undefined) found.push(kept);
    }
    for (const text of paths) this.#byPrefix.collect(text, found);
    return found;
  }
}
