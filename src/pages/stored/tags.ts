// Collects the tags of a response from its fields and its route. Clients receive no fields with
// tags, unless another cache is in front.
import { utf8ReadAsLatin1 } from "../../base/latin1.ts";
import { notesOn } from "../../base/notes.ts";
import { type ValueReads, withTags } from "../../cache/record/record.ts";
import type { Config, Route } from "../../config/config.ts";
import { groupsIn } from "../../rules/cache-groups.ts";
import { type Fields, fieldsOf } from "../../rules/fields.ts";
import type { FieldTags, StoredMetadata, StoredResponse } from "./stored-response.ts";
import { tagBytes, tagBytesMax } from "../../protocol/purge-order.ts";
import { dataScheme } from "../../purge/journal/purge-target.ts";

/** The field of cache groups. Other responses of the origin can invalidate groups (RFC 9875 §2). */
const groupsField = "cache-groups";

/**
 * The separators of each field. White space is only space and tab (RFC 9110 §5.6.3). The byte A0, a
 * space in Latin-1, is part of many letters in UTF-8.
 */
const separatedBy: Readonly<Record<string, RegExp>> = {
  "cache-tag": /,/,
  "surrogate-key": /[ \t]+/,
};

/** A request's route, with the parameters of its path. */
export interface TaggingRoute {
  readonly route: Pick<Route, "tags">;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The same, with the tags of the rules that fit the answer. */
interface RoutedTags extends TaggingRoute {
  readonly ruleTags?: readonly string[];
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
 * Returns the tags of a response that a 304 or an answer to HEAD has freshened. Each field of the
 * update replaces the tags of that field. All other fields keep their tags, even if the fields
 * themselves were never stored.
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

/** The name of the tags of values, as if they came from a field. No answer's field of this name is read. */
const valuesField = "tidemark-values";

/**
 * Returns the names of the values that the handler has read for an answer, as tags of a field. For an answer that
 * freshens a stored response, its names as well: the handler need not read again what has not changed.
 */
export function valueTagsOf(
  reads: ValueReads | undefined,
  before?: Pick<StoredMetadata, "withheldTags">,
): FieldTags[] {
  if (reads === undefined || reads.names.size === 0) return [];
  const stored = before === undefined ? [] : valueNamesIn(before);
  return [[valuesField, [...new Set([...stored, ...reads.names])]]];
}

/** Returns the names of the values of which a stored response is made. */
export function valueNamesIn({
  withheldTags = [],
}: Pick<StoredMetadata, "withheldTags">): readonly string[] {
  return withheldTags.find(([name]) => name === valuesField)?.[1] ?? [];
}

/** Returns the metadata with the names of values that the handler has read since, while its body was read. */
export function withLaterReads(
  metadata: StoredMetadata,
  reads: ValueReads | undefined,
): StoredMetadata {
  const [values] = valueTagsOf(reads, metadata);
  const { withheldTags = [], tags } = metadata;
  if (values === undefined || values[1].length === valueNamesIn(metadata).length) return metadata;
  const others = withheldTags.filter(([name]) => name !== valuesField);
  const all = [...new Set([...tags, ...values[1]])].sort();
  return { ...metadata, tags: all, withheldTags: [...others, values] };
}

/**
 * Returns the groups of a stored response; `undefined` for none. Only `Cache-Groups` contains
 * groups. A tag of the same name in `Cache-Tag` is not a group.
 */
function groupsOf(stored: Pick<StoredMetadata, "fields" | "withheldTags">): string[] | undefined {
  const withheld = stored.withheldTags?.filter(([name]) => name === groupsField) ?? [];
  const named = groupsIn(fieldsOf(stored).get(groupsField));
  const groups = [...named, ...withheld.flatMap(([, tags]) => tags)].filter(isGroup);
  return groups.length === 0 ? undefined : groups;
}

/** Returns whether a purge can name the group. A longer group is as if it were absent. */
export function isGroup(group: string): boolean {
  return tagBytes(group) <= tagBytesMax;
}

/**
 * Returns the tags and groups of a response.
 *
 * @param fields the stored fields
 * @param statedTags the tags in the current answer. They differ from `fieldTags`, the default, only
 *   if the answer freshens a stored response
 * @returns sorted distinct tags, and groups in their order. `leftOutBytes`: the sizes of this
 *   answer's and the route's tags over 256 bytes, which no purge can name. `lacksRouteTags`:
 *   whether the route's function failed
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
  const ofRoute = made === "failed" ? [] : made;
  const allIn = (named: readonly FieldTags[]) => [
    ...new Set([...named.flatMap(([, tags]) => tags), ...ofRoute, ...(routed.ruleTags ?? [])]),
  ];
  // The URL of a value may be longer than a tag.
  const tags = allIn(fieldTags).filter((tag) => isTag(tag) || tag.startsWith(dataScheme));
  const storedNames = new Set(fields.map(([name]) => name));
  const withheld = fieldTags.filter(([name, names]) => !storedNames.has(name) && names.length > 0);
  const withheldTags = withheld.length > 0 ? withheld : undefined;
  return {
    tags: tags.sort(),
    groups: groupsOf({ fields, withheldTags }),
    withheldTags,
    lacksRouteTags: made === "failed" ? true : undefined,
    leftOutBytes: allIn(statedTags)
      .filter((tag) => !tag.startsWith(dataScheme))
      .map(tagBytes)
      .filter((bytes) => bytes > tagBytesMax),
  };
}

/** Returns whether a purge can name the tag. */
function isTag(tag: string): boolean {
  return tag !== "" && tagBytes(tag) <= tagBytesMax;
}

/** The last results of `asRead`. */
const known = notesOn<
  StoredMetadata,
  { readonly route: TaggingRoute["route"]; readonly as: StoredMetadata | undefined }
>();

/**
 * Returns the metadata of a stored response with the present tags of its reader's route. So a tag that a release adds
 * covers what was stored before. Worked out once for each response and route.
 *
 * @returns `undefined` if the route's function has failed. Such a response would not be stored either
 */
export function asRead(metadata: StoredMetadata, reader: TaggingRoute): StoredMetadata | undefined {
  const { route } = reader;
  const before = known.get(metadata);
  if (before?.route === route) return before.as;
  const made = routeTags(reader);
  const as = made === "failed" ? undefined : withTags(metadata, made.filter(isTag));
  for (const one of [metadata, as]) if (one !== undefined) known.set(one, { route, as });
  return as;
}

/** Returns a stored response with the metadata of `asRead`. */
export function responseAsRead(
  stored: StoredResponse,
  reader: TaggingRoute,
): StoredResponse | undefined {
  const metadata = asRead(stored.metadata, reader);
  return metadata === stored.metadata ? stored : metadata && { metadata, body: stored.body };
}

/** Calls the route's tag function, which may throw or return anything. */
function routeTags({ route, parameters }: TaggingRoute): readonly string[] | "failed" {
  try {
    const made: unknown = route.tags({ ...parameters });
    // Copy the list, because `every` skips holes in an array.
    const list: unknown[] | undefined = Array.isArray(made) ? [...made] : undefined;
    if (list?.every((tag) => typeof tag === "string") === true)
      return list.map((tag) => tag.trim());
    // An unhandled rejection would end a Node process.
    if (made instanceof Promise) made.catch(() => undefined);
  } catch {
    // Do not log the error, because its message may quote the client's input.
  }
  return "failed";
}

function tagsIn(name: string, value: string): string[] {
  // RFC 9875 §2: groups are compared character by character.
  if (name === groupsField) return groupsIn(value);
  // The runtime joins field lines with ", " (RFC 9110 §5.3), so a key may end with that comma after
  // the split at spaces.
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
 * Returns a tag and its UTF-8 decoding. Some runtimes read fields as Latin-1, and workerd decodes
 * UTF-8. The undecoded tag is kept, because it may be the intended tag.
 */
function readings(tag: string): string[] {
  const decoded = utf8ReadAsLatin1(tag);
  if (decoded === undefined) return [tag];
  return tagBytes(tag) <= tagBytesMax ? [tag, decoded] : [decoded];
}
