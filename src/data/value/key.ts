// Keys of data: paths by segments, below the name of a namespace. What a purge names is made of them.
import { RecordKey } from "../../cache/record/record-key.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { dataScheme, type PurgeTargets, urlTag } from "../../purge/journal/purge-target.ts";

/**
 * A path: `"42/comments"`, or its segments `["42", "comments"]`, each of which may then hold a slash.
 * A number is written as text, so `42` and `"42"` are one key.
 */
export type Key = string | number | readonly (string | number)[];

/** In bytes, with what stands for characters that URLs escape. */
const pathBytesMax = 1_024;

/** What needs no escape: nearly all keys. */
const plainPath = /^[\w.-]+(?:\/[\w.-]+)*$/;

/**
 * @param namespace its name; empty for a key that begins with one
 * @returns the path, its segments escaped: no two keys have the same one
 * @throws OperatorError for an empty segment, half a character, and what is too long
 */
export function pathOf(namespace: string, key: Key): string {
  const own = typeof key === "string" && plainPath.test(key) ? key : escaped(key);
  const path = namespace === "" ? own : `${namespace}/${own}`;
  if (path.length > pathBytesMax) throw refused(`It is over ${pathBytesMax} bytes.`, "Shorten it.");
  return path;
}

function escaped(key: Key): string {
  const parts: readonly unknown[] = typeof key === "string" ? key.split("/") : [key].flat();
  return parts.map(segmentOf).join("/") || segmentOf("");
}

function segmentOf(part: unknown): string {
  const isNumber = typeof part === "number" && Number.isFinite(part);
  if (typeof part !== "string" && !isNumber) {
    throw refused("Its segments are not all texts and numbers.", "Write it as a text.");
  }
  if (part === "") {
    const mend = 'Write segments with one slash between them, such as "42/comments".';
    throw refused("It has an empty segment.", mend);
  }
  try {
    return encodeURIComponent(part);
  } catch (cause) {
    const why = "It holds half a character (a lone surrogate).";
    throw refused(why, "Write it in whole characters.", cause);
  }
}

function refused(why: string, mend: string, cause?: unknown): OperatorError {
  return new OperatorError({ what: "A key of data is refused.", why, mend, cause });
}

/** @param path of `pathOf`; what purges are matched against */
export function urlOf(path: string): string {
  return `${dataScheme}/${path}`;
}

/** @param host below which the Cache API keeps it */
export function recordKeyOf(path: string, host: string): RecordKey {
  return new RecordKey(urlOf(path), host, "d");
}

/** What a purge names: each key itself, and all that stands below each prefix with it. */
export function targetsOf(given: {
  /** Paths of `pathOf`. */
  readonly paths?: readonly string[];
  /** Paths too. `articles/4` covers `articles/4` and `articles/4/…`, and not `articles/42`. */
  readonly prefixes?: readonly string[];
}): PurgeTargets {
  const { paths = [], prefixes = [] } = given;
  return {
    tags: [...paths, ...prefixes].map((path) => urlTag(urlOf(path))),
    prefixes: prefixes.map((path) => `${urlOf(path)}/`),
  };
}
