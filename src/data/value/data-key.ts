// Keys of data: paths of segments below the name of a namespace, the purge targets of keys, and
// maps whose keys they are.
import { RecordKey } from "../../cache/record/record-key.ts";
import { OperatorError } from "../../base/operator-error.ts";
import {
  dataScheme,
  type PurgeTargets,
  urlTag,
  userTag,
} from "../../purge/journal/purge-target.ts";
import { tagSpellings } from "../../purge/journal/spelling.ts";

/**
 * A path such as `"42/comments"`, or its segments `["42", "comments"]`, which may contain slashes.
 * Numbers become text, so `42` and `"42"` are the same key.
 */
export type Key = string | number | readonly (string | number)[];

/** Limit of a path in bytes of UTF-8, including the name of the namespace. */
const pathBytesMax = 1_024;

/** Matches keys that need no escaping, which are nearly all. */
const plainPath = /^[\w.-]+(?:\/[\w.-]+)*$/;

/**
 * Returns the path of a key, with escaped segments. Different keys have different paths.
 *
 * @param namespace the namespace's name; empty if the key begins with a namespace
 * @throws OperatorError for a segment that is empty, or neither a string nor a number, for a lone
 *   surrogate, and for a path that is too long
 */
export function pathOf(namespace: string, key: Key): string {
  const own = typeof key === "string" && plainPath.test(key) ? key : escaped(key);
  const path = namespace === "" ? own : `${namespace}/${own}`;
  // An escape has three characters for one byte.
  if (path.length > pathBytesMax && path.replaceAll(/%../g, ".").length > pathBytesMax) {
    throw refused(`It is longer than ${pathBytesMax} bytes.`, "Shorten it, or use its digest.");
  }
  return path;
}

/**
 * Returns a key with its namespace, as purges name it: `articles/42`.
 *
 * @throws OperatorError for an invalid key
 */
export function keyIn(namespace: string, key: Key): Key {
  pathOf(namespace, key);
  return typeof key === "string" ? `${namespace}/${key}` : [namespace, ...[key].flat()];
}

function escaped(key: Key): string {
  const parts: readonly unknown[] = typeof key === "string" ? key.split("/") : [key].flat();
  return parts.map(segmentOf).join("/") || segmentOf("");
}

function segmentOf(part: unknown): string {
  const isNumber = typeof part === "number" && Number.isFinite(part);
  if (typeof part !== "string" && !isNumber) {
    throw refused("Its segments are not all strings and numbers.", "Write it as a string.");
  }
  if (part === "") {
    const hint = 'Write segments with one slash between them, such as "42/comments".';
    throw refused("It has an empty segment.", hint);
  }
  try {
    return encodeURIComponent(part);
  } catch (cause) {
    const why = "It contains half a character (a lone surrogate).";
    throw refused(why, "Use only whole characters.", cause);
  }
}

function refused(why: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError({ what: "A key of data is invalid.", why, hint, cause });
}

/**
 * Returns the URL that purges match.
 *
 * @param path from `pathOf`
 */
export function urlOf(path: string): string {
  return `${dataScheme}/${path}`;
}

/**
 * Returns the key of a record. Schemas have records of their own, so that two versions of an
 * application do not replace each other's values during a deployment.
 *
 * @param host the host of its Cache API key
 */
export function recordKeyOf(path: string, host: string, schema: number): RecordKey {
  const text = schema === 0 ? urlOf(path) : `${urlOf(path)}#${schema}`;
  return new RecordKey(text, host, "d");
}

/** Returns targets that cover each key, each prefix with everything below it, and each tag in all spellings. */
export function targetsOf(given: {
  /** From `pathOf`. */
  readonly paths?: readonly string[];
  /** From `pathOf`. `articles/4` covers `articles/4` and `articles/4/…`, but not `articles/42`. */
  readonly prefixes?: readonly string[];
  readonly tags?: readonly string[];
}): PurgeTargets {
  const { paths = [], prefixes = [], tags = [] } = given;
  const ofTags = tags.flatMap(tagSpellings).map(userTag);
  return {
    tags: [...ofTags, ...[...paths, ...prefixes].map((path) => urlTag(urlOf(path)))],
    prefixes: prefixes.map((path) => `${urlOf(path)}/`),
  };
}

/**
 * Finds the entry of `["a", "b"]` by any array of these segments and by `"a/b"`, like a namespace. Ignores keys that
 * are not valid, such as that of a row without a key, unless none is valid.
 */
export class PathMap<K extends Key, V> extends Map<K, V> {
  /** The keys by their paths; rebuilt when the map's size has changed. */
  #byPath: ReadonlyMap<string, K> | undefined;
  #sizeThen = 0;
  /** The error of a key of the map that is not valid, once a lookup has found no entry. */
  invalid: OperatorError | undefined = undefined;

  /** @throws OperatorError if no key of the map is valid */
  override get(key: K): V | undefined {
    return super.get(this.#own(key));
  }

  /** @throws OperatorError if no key of the map is valid */
  override has(key: K): boolean {
    return super.has(this.#own(key));
  }

  #own(key: K): K {
    if (super.has(key)) return key;
    if (this.#byPath === undefined || this.#sizeThen !== this.size) {
      const byPath = new Map<string, K>();
      for (const own of this.keys()) {
        const path = pathOrError(own);
        if (typeof path === "string") byPath.set(path, own);
        else this.invalid = path;
      }
      if (byPath.size === 0 && this.invalid !== undefined) {
        throw new OperatorError({
          ...this.invalid.fault,
          what: "A load of several values failed: no key of its Map is valid.",
        });
      }
      this.#sizeThen = this.size;
      this.#byPath = byPath;
    }
    const path = pathOrError(key);
    return (typeof path === "string" ? this.#byPath.get(path) : undefined) ?? key;
  }
}

function pathOrError(key: Key): string | OperatorError {
  try {
    return pathOf("", key);
  } catch (cause) {
    return cause as OperatorError;
  }
}
