// Finds response fields that show a cache hit.
import { fieldsOfCaches } from "../../asking/cache-fields.ts";
import { membersIn } from "../../asking/cache-status.ts";

/** Returns the fields by which a cache reports a hit, such as `X-Cache: HIT`. */
export function cacheMarks(headers: Headers): { readonly field: string; readonly text: string }[] {
  const ageSeconds = Number(headers.get("age") ?? 0);
  const hits = membersIn(headers).filter(({ isHit }) => isHit);
  return [
    ...fieldsOfCaches.flatMap((field) => {
      const value = headers.get(field) ?? "";
      return /\bhit\b/i.test(value) ? [{ field, text: `${field}: ${value.slice(0, 60)}` }] : [];
    }),
    ...hits.map(({ text }) => ({
      field: "cache-status",
      text: `cache-status: ${text.slice(0, 60)}`,
    })),
    ...(ageSeconds > 0 ? [{ field: "age", text: `age: ${ageSeconds}` }] : []),
  ];
}
