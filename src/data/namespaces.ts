// The namespaces of a cache: one definition for each name, and a limit on names.
import { Definitions } from "../base/definitions.ts";
import { Namespace, type NamespacePorts } from "./namespace.ts";
import type { Key } from "./value/key.ts";
import { type NamespaceOptions, type Space, spaceOf } from "./value/space.ts";

const words = {
  kind: "namespace",
  taken: "this namespace",
  all: "namespaces",
  keys: '["tenant-7", 42], and purge it by a prefix.',
} as const;

export class Namespaces {
  readonly #portsOf: () => NamespacePorts;
  readonly #definitions = new Definitions<unknown>();
  readonly #spaces = new Map<string, Space>();

  /** @param portsOf called at each use of a namespace */
  constructor(portsOf: () => NamespacePorts) {
    this.#portsOf = portsOf;
  }

  get spaces(): ReadonlyMap<string, Space> {
    return this.#spaces;
  }

  /**
   * Returns the namespace of this name. A later call with the same options returns the same
   * namespace with the new call's functions, because a hot reload recreates functions.
   *
   * @throws OperatorError for an invalid name or option, for other options than before, and for too
   *   many names
   */
  open<T, K extends Key>(name: string, given: NamespaceOptions<T, K>): Namespace<T, K, never> {
    const space = spaceOf(name, given);
    const options = optionsOf(space, given.tags, given.keys);
    const made = this.#definitions.open(
      name,
      options,
      () => {
        this.#spaces.set(name, space);
        return new Namespace<T, K, never>(space, this.#portsOf);
      },
      words,
    );
    Object.assign(this.#spaces.get(name) ?? {}, space);
    return made as Namespace<T, K, never>;
  }
}

/**
 * Returns comparable options. Treats functions as equal. Compares a codec by its name, which stored
 * values also have.
 */
function optionsOf(space: Space, tags: unknown, keys: unknown): Map<string, string> {
  const { name: _, tagsOf: __, codec, isGlobal: collapse, ...others } = space;
  const all = { ...others, collapse, tags, keys, codec: codec.name };
  // Only timeouts have their unit in the name of the option.
  const nameOf = (of: string) => of.replace(/(?<!Timeout)Ms$/, "");
  return new Map(Object.entries(all).map(([of, value]) => [nameOf(of), textOf(value)]));
}

function textOf(value: unknown): string {
  return typeof value === "function" ? "function" : (JSON.stringify(value) ?? "unset");
}
