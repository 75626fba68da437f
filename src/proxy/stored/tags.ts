// The tags of a response: what its fields and its route say. Clients do not see them.
import type { Config, Route } from "../../config/config.ts";
import { groupsIn } from "../../rules/cache-groups.ts";
import { type Fields, fieldsOf } from "../../rules/fields.ts";
import type { FieldTags, StoredMetadata } from "./stored-response.ts";
import { tagBytes, tagBytesMax } from "../../purge/journal/purge-target.ts";
import { isLatin1, latin1Bytes } from "../../purge/journal/spelling.ts";

/** The field of a response's groups, by which answers of its own origin purge it (RFC 9875 §2). */
const groupsField = "cache-groups";

/** White space is that of fields (RFC 9110 §5.6.3): byte A0 is a part of many a letter. */
const separatedBy: Readonly<Record<string, RegExp>> = {
  "cache-tag": /,/,
  "surrogate-key": /[ \t]+/,
};

/** The route of a request, and what the pattern of its path has matched. */
interface Routed {
  readonly route: Pick<Route, "tags">;
  readonly parameters: Readonly<Record<string, string>>;
}

/** @returns the names of all fields that bear tags, in lower case */
export function tagFieldNames(config: Pick<Config, "tagFields">): string[] {
  return [...Object.keys(separatedBy), groupsField, ...config.tagFields];
}

/** @returns what each tag field that is there says, as long as it may be */
export function fieldTagsOf(response: Fields, config: Pick<Config, "tagFields">): FieldTags[] {
  return tagFieldNames(config).flatMap((name): FieldTags[] => {
    const value = response.get(name);
    return value === null ? [] : [[name, tagsIn(name, value)]];
  });
}

/**
 * What a response is tagged with once a 304, or an answer to HEAD, has freshened it: the tags of the
 * fields that this names, and all others as they are, also those of fields that were never stored.
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
 * The groups of a stored response, read from their own field, so that a `Cache-Tag` of the same name
 * is none of them; in the order of the field, then those whose field may not be stored.
 *
 * @returns `undefined` for none
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
 * @param fields those that are stored
 * @param told   those of its tags that the answer at hand brings: all, where it is no 304
 * @returns tags without repeats, sorted, and groups as they stand. `leftOutBytes`: how long each tag
 *   is that is told, or made by the route, and that no purge can name, being over 256 bytes.
 *   `lacksRouteTags`: the route's function failed, and only the others are there
 */
export function taggingOf(
  fieldTags: readonly FieldTags[],
  fields: StoredMetadata["fields"],
  routed: Routed,
  told = fieldTags,
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
    leftOutBytes: allIn(told)
      .map(tagBytes)
      .filter((bytes) => bytes > tagBytesMax),
  };
}

/** The function is the site's own: it may throw, or return anything. */
function routeTags({ route, parameters }: Routed): readonly string[] | "failed" {
  try {
    const made: unknown = route.tags({ ...parameters });
    // Copied, since `every` passes over the gaps of a list.
    const list: unknown[] | undefined = Array.isArray(made) ? [...made] : undefined;
    if (list?.every((tag) => typeof tag === "string") === true) return list;
    // The rejection of a promise that nobody waits for would end a process.
    if (made instanceof Promise) made.catch(() => undefined);
  } catch {
    // Not told: a message may quote what the client sent.
  }
  return "failed";
}

function tagsIn(name: string, value: string): string[] {
  // RFC 9875 §2: compared as they stand.
  if (name === groupsField) return groupsIn(value);
  // Lines are joined by a comma and a space (RFC 9110 §5.3), where no key of either held a comma.
  const around = name === "surrogate-key" ? "," : " \t";
  return value
    .split(separatedBy[name] ?? /[ \t,]+/)
    .map((tag) => without(around, tag))
    .flatMap(readings);
}

/** By hand: an expression that looks for a run's end from each of its characters takes for ever. */
function without(around: string, text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && around.includes(text.charAt(from))) from += 1;
  while (from < to && around.includes(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

/**
 * Fields are bytes. Some runtimes read them as Latin-1, so that a tag in UTF-8 has to be read again;
 * workerd has done so already. The tag as it came stays beside it: it may be meant so.
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
