// The groups of a stored response (RFC 9875 §2), by which answers of its own origin purge it.
import { groupsIn } from "../../http/cache-groups.ts";
import { fieldsOf } from "../../http/fields.ts";
import type { StoredMetadata } from "./stored-response.ts";

export const groupsField = "cache-groups";

/**
 * Read from their own field, so that a `Cache-Tag` of the same name is none of them; in the order of
 * the field, then those whose field may not be stored.
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
