// Prefixes by the segments of their paths, so that a path meets those that begin it and no others:
// one step for each of its segments, however many prefixes there are.

/**
 * What stands below one run of segments. A prefix need not end where a segment does: `/a/b` begins
 * `/a/bc` too. What is left of it there is its rest, found by trying the lengths that rests have.
 */
interface Node<T> {
  children: Map<string, Node<T>> | undefined;
  /** Of the prefix that ends here, with a `/`. */
  own: T | undefined;
  rests: Map<string, T> | undefined;
  restCountByLength: Map<number, number> | undefined;
}

/** Of what is kept, against a number; what is falsy has not passed. */
export type Test<T> = (kept: T, bound: number) => boolean | undefined;

/** From what is kept to what will be; `undefined` is nothing. */
export type Change<T> = (kept: T | undefined) => T | undefined;

export class PrefixTrie<T extends object> {
  #root: Node<T> | undefined;

  /** Changes what is kept for a prefix. */
  change(prefix: string, change: Change<T>): void {
    this.#root = changed(this.#root, prefix, 0, change);
  }

  /**
   * Does what is kept for any prefix of the text pass the test? No further is tested once it does.
   *
   * @param bound handed to the test, so that it need not be made anew for each question
   */
  some(text: string, test: Test<T>, bound: number): boolean {
    let at = 0;
    for (let node = this.#root; node !== undefined;) {
      if (node.own && test(node.own, bound)) return true;
      const slashAt = text.indexOf("/", at);
      const end = slashAt < 0 ? text.length : slashAt;
      for (const length of node.restCountByLength?.keys() ?? []) {
        const rest = at + length <= end ? text.slice(at, at + length) : undefined;
        const kept = rest && node.rests?.get(rest);
        if (kept && test(kept, bound)) return true;
      }
      node = slashAt < 0 ? undefined : node.children?.get(text.slice(at, end));
      at = end + 1;
    }
    return false;
  }
}

/**
 * @param at where in the prefix the node begins
 * @returns the node, made where there was none; `undefined` once nothing is left in it
 */
function changed<T>(
  before: Node<T> | undefined,
  prefix: string,
  at: number,
  change: Change<T>,
): Node<T> | undefined {
  const node = before ?? {
    children: undefined,
    own: undefined,
    rests: undefined,
    restCountByLength: undefined,
  };
  const slashAt = prefix.indexOf("/", at);
  if (slashAt >= 0) {
    const segment = prefix.slice(at, slashAt);
    const child = changed(node.children?.get(segment), prefix, slashAt + 1, change);
    node.children = withEntry(node.children, segment, child);
  } else if (at === prefix.length) {
    node.own = change(node.own);
  } else {
    changeRest(node, prefix.slice(at), change);
  }
  return node.children || node.own || node.rests ? node : undefined;
}

function changeRest<T>(node: Node<T>, rest: string, change: Change<T>): void {
  const sizeBefore = node.rests?.size ?? 0;
  node.rests = withEntry(node.rests, rest, change(node.rests?.get(rest)));
  const count =
    (node.restCountByLength?.get(rest.length) ?? 0) + (node.rests?.size ?? 0) - sizeBefore;
  node.restCountByLength = withEntry(node.restCountByLength, rest.length, count || undefined);
}

/** @returns the same map, made where there was none; `undefined` once it is empty */
function withEntry<K, V>(map: Map<K, V> | undefined, key: K, value: V | undefined) {
  if (value === undefined) map?.delete(key);
  else return (map ?? new Map<K, V>()).set(key, value);
  return map?.size === 0 ? undefined : map;
}
