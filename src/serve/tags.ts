// The tags of a response: what its fields and its route say. Clients do not see them.
import type { Config } from "../config.ts";
import { groupsIn } from "../http/cache-groups.ts";
import type { Fields } from "../http/stored-response.ts";
import type { Asked } from "./plan.ts";

const separatedBy: Readonly<Record<string, RegExp>> = {
  "cache-tag": /,/,
  "surrogate-key": /\s+/,
};

const tagBytesMax = 256;

export function tagFieldNames(config: Config): string[] {
  return [...Object.keys(separatedBy), "cache-groups", ...config.tagFields];
}

/** @returns without repeats, sorted; what is longer than 256 bytes cannot be purged and is left out */
export function tagsOf(response: Fields, asked: Asked, config: Config): string[] {
  const ofFields = tagFieldNames(config).flatMap((name) => {
    const value = response.get(name);
    if (value === null) return [];
    // RFC 9875 §2: compared as they stand.
    if (name === "cache-groups") return groupsIn(value);
    return value.split(separatedBy[name] ?? /[\s,]+/).map((tag) => tag.trim());
  });
  const ofRoute = asked.route.tags({ ...asked.parameters }).map((tag) => tag.trim());
  const all = [...ofFields, ...ofRoute];
  return [...new Set(all)]
    .filter((tag) => tag !== "" && new TextEncoder().encode(tag).length <= tagBytesMax)
    .sort();
}
