// Collects the tags of a response from its fields and its route. Clients do not see them.
import type { Config, Route } from "../../config/config.ts";
import { groupsIn } from "../../rules/cache-groups.ts";
import { type Fields, fieldsOf } from "../../rules/fields.ts";
import type { FieldTags, StoredMetadata } from "./stored-response.ts";
import { tagBytes, tagBytesMax } from "../../purge/journal/purge-target.ts";
import { isLatin1, latin1Bytes } from "../../purge/journal/spelling.ts";

/** The field of cache groups, by which other responses of the same origin invalidate it (RFC 9875 §2). */
const groupsField = "cache-groups";

/** Only space and tab count (RFC 9110 §5.6.3): in UTF-8, byte A0 is part of many letters. */
const separatedBy: Readonly<Record<string, RegExp>> = {
  "cache-tag": /,/,
  "surrogate-key": /[ \t]+/,
};

/** A request's route, with the parameters of its path. */
interface RoutedTags {
  readonly route: Pick<Route, "tags">;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Returns the names of all fields with tags, in lower case. */
export function tagFieldNames(config: Pick<Config, "tagFields">): string[] {
  return [...Object.keys(separatedBy), groupsField, ...config.tagFields];
}

/** Returns the tags of each present field, including tags that are too long. */
export function fieldTagsOf(response: Fields, config: Pick<Config, "tagFields">): FieldTags[] {
  return tagFieldNames(config).flatMap((name): FieldTags[] => {
    const value = response.get(name);
    return value === null ? [] : [[name, tagsIn(name, value)]];
  });
}

/**
 * Returns the tags of a response freshened by a 304 or an answer to HEAD. Fields of the update replace
 * theirs; all others keep their tags, including fields that were never stored.
 */
export function freshenedTags(
  before: StoredMetadata,
  update: readonly FieldTags[],
  config: Pick<Config, "tagFields">,
): FieldTags[] {
  const named = new Set(update.map(([name]) => name));
  const stored = [...fieldTagsOf(fieldsOf(before), config), ...(before.withheldTags ?? [])];
  return [...stored.filter(([name]) => !named.has(name)), ...update];
}

/**
 * Returns the groups of a stored response; `undefined` for none. They come from `Cache-Groups` alone, so
 * that a `Cache-Tag` of the same name is no group.
 */
export function groupsOf(
  stored: Pick<StoredMetadata, "fields" | "withheldTags">,
): string[] | undefined {
  const withheld = stored.withheldTags?.filter(([name]) => name === groupsField) ?? [];
  const groups = groupsIn(fieldsOf(stored).get(groupsField));
  for (const [, tags] of withheld) groups.push(...tags);
  return groups.length === 0 ? undefined : groups;
}

/**
 * @param fields the stored fields
 * @param statedTags   the tags in the current answer: all, unless it is a 304
 * @returns sorted tags without repeats, and groups in their order. `leftOutBytes`: the size of each new or
 *   route tag over 256 bytes, which no purge can name. `lacksRouteTags`: the route's function failed
 */
export function taggingOf(
  fieldTags: readonly FieldTags[],
  fields: StoredMetadata["fields"],
  routed: RoutedTags,
  statedTags = fieldTags,
): Pick<StoredMetadata, "tags" | "groups" | "withheldTags" | "lacksRouteTags"> & {
  readonly leftOutBytes: readonly number[];
} {
  const made = routeTags(routed);
  const ofRoute = made === "failed" ? [] : made.map((tag) => tag.trim());
  const allIn = (named: readonly FieldTags[]) => [
    ...new Set([...named.flatMap(([, tags]) => tags), ...ofRoute]),
  ];
  const tags = allIn(fieldTags).filter((tag) => tag !== "" && tagBytes(tag) <= tagBytesMax);
  const storedNames = new Set(fields.map(([name]) => name));
  const withheld = fieldTags.filter(([name, held]) => !storedNames.has(name) && held.length > 0);
  const withheldTags = withheld.length > 0 ? withheld : undefined;
  return {
    tags: tags.sort(),
    groups: groupsOf({ fields, withheldTags }),
    withheldTags,
    lacksRouteTags: made === "failed" ? true : undefined,
    leftOutBytes: allIn(statedTags)
      .map(tagBytes)
      .filter((bytes) => bytes > tagBytesMax),
  };
}

/** Calls the site's tag function, which may throw or return anything. */
function routeTags({ route, parameters }: RoutedTags): readonly string[] | "failed" {
  try {
    const made: unknown = route.tags({ ...parameters });
    // Copied because `every` skips holes in an array.
    const list: unknown[] | undefined = Array.isArray(made) ? [...made] : undefined;
    if (list?.every((tag) => typeof tag === "string") === true) return list;
    // An unhandled rejection would end a Node process.
    if (made instanceof Promise) made.catch(() => undefined);
  } catch {
    // Not logged, because the message may quote the client's input.
  }
  return "failed";
}

function tagsIn(name: string, value: string): string[] {
  // RFC 9875 §2: groups are compared character by character.
  if (name === groupsField) return groupsIn(value);
  // Field lines are joined by ", " (RFC 9110 §5.3). A split at spaces leaves that comma on a key.
  const around = name === "surrogate-key" ? "," : " \t";
  return value
    .split(separatedBy[name] ?? /[ \t,]+/)
    .map((tag) => without(around, tag))
    .flatMap(readings);
}

/** Trims characters in a loop. A regular expression would take quadratic time on long runs. */
function without(around: string, text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && around.includes(text.charAt(from))) from += 1;
  while (from < to && around.includes(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

/**
 * Returns a tag, and also its UTF-8 decoding. Some runtimes read fields as Latin-1; workerd decodes UTF-8
 * itself. The undecoded tag is kept because it may be the intended one.
 */
function readings(tag: string): string[] {
  if (!isLatin1(tag)) return [tag];
  try {
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(latin1Bytes(tag));
    return tagBytes(tag) <= tagBytesMax ? [tag, decoded] : [decoded];
  } catch {
    return [tag];
  }
}
