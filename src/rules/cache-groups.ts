// Parses Cache-Groups and Cache-Group-Invalidation (RFC 9875 §2, §3).
import { parseList } from "structured-headers";

/**
 * Returns the group names in a field value, including repeats. Ignores parameters, members that are
 * not Strings, and values that do not parse as a List. Never throws.
 *
 * @param value the value of one of the fields, with its lines joined by commas; `null` if absent
 */
export function groupsIn(value: string | null): string[] {
  if (value === null) return [];
  try {
    return parseList(value).flatMap(([group]) => (typeof group === "string" ? [group] : []));
  } catch {
    return [];
  }
}
