// The groups that Cache-Groups and Cache-Group-Invalidation name (RFC 9875 §2, §3).
import { parseList } from "structured-headers";

/**
 * @param value of either field, several lines joined by commas; `null` where it is absent
 * @returns the Strings of the List as they stand, repeats included. Members of another type and
 *   parameters are ignored; a text that is no List names none. Never throws.
 */
export function groupsIn(value: string | null): string[] {
  if (value === null) return [];
  try {
    return parseList(value).flatMap(([group]) => (typeof group === "string" ? [group] : []));
  } catch {
    return [];
  }
}
