// An index of purges by target, for lookups by a record's tags and path. A lookup takes one step
// per tag and path segment, regardless of the number of purges.
import type { Coverage } from "../../cache/record/record.ts";
import { comparedTag, coverable, type PurgeTargets } from "../journal/purge-target.ts";
import { comparedUrl } from "../journal/spelling.ts";

/** Tests the value of a target against a number. */
type Test<T> = (kept: T, bound: number) => boolean | undefined;

/** Maps the value of a target to its new value; `undefined` for none. */
type Change<T> = (kept: T | undefined) => T | undefined;

/** Most purges name one target. */
function distinct(names: readonly string[]): Iterable<string> {
  return names.length < 2 ? names : new Set(names);
}

/** One value per purge target. */
export class TargetIndex<T extends object> {
  readonly #byTag = new Map<string, T>();
  #byPrefix: Node<T> | undefined;

  change({ tags, prefixes }: PurgeTargets, change: Change<T>): void {
    for (const tag of distinct(tags.map(comparedTag))) {
      withEntry(this.#byTag, tag, change(this.#byTag.get(tag)));
    }
    for (const prefix of distinct(prefixes.map(comparedUrl))) {
      this.#byPrefix = changed(this.#byPrefix, prefix, change);
    }
  }

  /**
   * Returns whether any value for a covering target passes the test. Every cache hit calls this
   * method, so it stops at the first match and allocates no list.
   *
   * @param bound the second argument of each test, so that callers need no closure
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

  /** Returns the values of all targets that cover a record. */
  covering(record: Coverage): readonly T[] {
    const found: T[] = [];
    this.some(record, (kept) => void found.push(kept), 0);
    return found;
  }
}

/** Returns a test for whether a purge of these targets covers a record. */
export function coveredBy(targets: PurgeTargets): (record: Coverage) => boolean {
  const index = new TargetIndex<PurgeTargets>();
  index.change(targets, () => targets);
  return (record) => index.some(record, () => true, 0);
}

/**
 * A node of a trie with one level per path segment. A rest is the part of a prefix after its last
 * `/`. A rest may be empty, and may end inside a segment: `/a/b` covers `/a/bc`. Rests are grouped
 * by length for the lookup.
 */
interface Node<T> {
  children: Map<string, Node<T>> | undefined;
  restsByLength: Map<number, Map<string, T>> | undefined;
}

/**
 * Changes the value of a prefix.
 *
 * @param prefix the part of the prefix below this node
 * @returns the node, created if missing; `undefined` once it is empty
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

/** Sets or deletes an entry. Returns the map, created if missing; `undefined` once it is empty. */
function withEntry<K, V>(map: Map<K, V> | undefined, key: K, value: V | undefined) {
  if (value === undefined) map?.delete(key);
  else return (map ?? new Map<K, V>()).set(key, value);
  return map?.size === 0 ? undefined : map;
}
