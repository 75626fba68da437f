// An index of purges by their targets, asked with the tags and the path of a record. A look-up costs
// as many steps as the record has tags and segments of its path, however many purges there are.
import type { Coverage } from "../../cache/record/record.ts";
import { comparedTag, coverable, type PurgeTargets } from "../journal/purge-target.ts";
import { comparedUrl } from "../journal/spelling.ts";

/** Of what is kept, against a number; what is falsy has not passed. */
type Test<T> = (kept: T, bound: number) => boolean | undefined;

/** From what is kept to what will be; `undefined` is nothing. */
type Change<T> = (kept: T | undefined) => T | undefined;

/** What is kept for each target of a purge. */
export class TargetIndex<T extends object> {
  readonly #byTag = new Map<string, T>();
  #byPrefix: Node<T> | undefined;

  /** Changes what is kept for each target. */
  change({ tags, prefixes }: PurgeTargets, change: Change<T>): void {
    for (const tag of new Set(tags.map(comparedTag))) {
      withEntry(this.#byTag, tag, change(this.#byTag.get(tag)));
    }
    for (const prefix of new Set(prefixes.map(comparedUrl))) {
      this.#byPrefix = changed(this.#byPrefix, prefix, change);
    }
  }

  /**
   * Does what is kept for any target that covers a record pass the test? No further is tested once
   * it does. Asked at every hit, so it makes no list.
   *
   * @param bound handed to the test, so that it need not be made anew for each question
   */
  some(record: Coverage, test: Test<T>, bound: number): boolean {
    const { tags, paths } = coverable(record);
    for (const tag of tags) {
      const kept = this.#byTag.get(tag);
      if (kept && test(kept, bound)) return true;
    }
    const [path, url] = paths;
    return this.#someBegins(path, test, bound) || this.#someBegins(url, test, bound);
  }

  #someBegins(text: string, test: Test<T>, bound: number): boolean {
    let at = 0;
    for (let node = this.#byPrefix; node !== undefined;) {
      const slashAt = text.indexOf("/", at);
      const end = slashAt < 0 ? text.length : slashAt;
      for (const length of node.restsByLength?.keys() ?? []) {
        if (at + length > end) continue;
        const kept = node.restsByLength?.get(length)?.get(text.slice(at, at + length));
        if (kept && test(kept, bound)) return true;
      }
      node = slashAt < 0 ? undefined : node.children?.get(text.slice(at, end));
      at = end + 1;
    }
    return false;
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

/**
 * What stands below one run of segments, so that a path meets the prefixes that begin it and no
 * others. What a prefix has behind its last `/` is its rest, which may be empty and need not end where
 * a segment does: `/a/b` begins `/a/bc` too. It is found by trying the lengths that rests have.
 */
interface Node<T> {
  children: Map<string, Node<T>> | undefined;
  restsByLength: Map<number, Map<string, T>> | undefined;
}

/**
 * @param prefix what the node's segments leave of it
 * @returns the node, made where there was none; `undefined` once nothing is left in it
 */
function changed<T>(
  before: Node<T> | undefined,
  prefix: string,
  change: Change<T>,
): Node<T> | undefined {
  const node: Node<T> = before ?? { children: undefined, restsByLength: undefined };
  const slashAt = prefix.indexOf("/");
  if (slashAt >= 0) {
    const segment = prefix.slice(0, slashAt);
    const child = changed(node.children?.get(segment), prefix.slice(slashAt + 1), change);
    node.children = withEntry(node.children, segment, child);
  } else {
    const rests = node.restsByLength?.get(prefix.length);
    const left = withEntry(rests, prefix, change(rests?.get(prefix)));
    node.restsByLength = withEntry(node.restsByLength, prefix.length, left);
  }
  return node.children || node.restsByLength ? node : undefined;
}

/** @returns the same map, made where there was none; `undefined` once it is empty */
function withEntry<K, V>(map: Map<K, V> | undefined, key: K, value: V | undefined) {
  if (value === undefined) map?.delete(key);
  else return (map ?? new Map<K, V>()).set(key, value);
  return map?.size === 0 ? undefined : map;
}
