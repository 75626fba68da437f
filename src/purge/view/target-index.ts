// An index of purges by their targets, asked with the tags and the path of a record. A look-up costs
// as many steps as the record has tags and segments of its path, however many purges there are.
import type { Coverage } from "../../cache/record/record.ts";
import { type Change, PrefixTrie, type Test } from "./prefix-trie.ts";
import { comparedTag, coverable, type PurgeTargets } from "../journal/purge-target.ts";
import { comparedUrl } from "../journal/spelling.ts";

export class TargetIndex<T extends object> {
  readonly #byTag = new Map<string, T>();
  readonly #byPrefix = new PrefixTrie<T>();

  /** Changes what is kept for each target. */
  change({ tags, prefixes }: PurgeTargets, change: Change<T>): void {
    for (const tag of new Set(tags.map(comparedTag))) {
      const changed = change(this.#byTag.get(tag));
      if (changed === undefined) this.#byTag.delete(tag);
      else this.#byTag.set(tag, changed);
    }
    for (const prefix of new Set(prefixes.map(comparedUrl))) this.#byPrefix.change(prefix, change);
  }

  /**
   * Does what is kept for any target that covers a record pass the test? Asked at every hit, so it
   * makes no list.
   *
   * @param bound handed to the test
   */
  some(record: Coverage, test: Test<T>, bound: number): boolean {
    const { tags, paths } = coverable(record);
    for (const tag of tags) {
      const kept = this.#byTag.get(tag);
      if (kept && test(kept, bound)) return true;
    }
    const [path, url] = paths;
    return this.#byPrefix.some(path, test, bound) || this.#byPrefix.some(url, test, bound);
  }

  /** What is kept for each target that covers a record. */
  covering(record: Coverage): readonly T[] {
    const found: T[] = [];
    this.some(record, (kept) => void found.push(kept), 0);
    return found;
  }
}

/** Would a purge of these targets cover a record? */
export function coveredBy(targets: PurgeTargets): (record: Coverage) => boolean {
  const index = new TargetIndex<PurgeTargets>();
  index.change(targets, () => targets);
  return (record) => index.some(record, () => true, 0);
}
