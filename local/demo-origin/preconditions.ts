// What a conditional GET or HEAD asks for, in the order of RFC 9110 §13.2.2.

export type PreconditionVerdict = "perform" | "not-modified" | "precondition-failed";

/**
 * @param given.etag the selected representation's, quotes included; `undefined` when it has none
 * @param given.lastModifiedAtMs whole seconds; `undefined` when unknown
 */
export function evaluatePreconditions(given: {
  headers: Headers;
  etag: string | undefined;
  lastModifiedAtMs: number | undefined;
}): PreconditionVerdict {
  const { headers, etag, lastModifiedAtMs = Number.NaN } = given;
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null) {
    if (!matches({ list: ifMatch, etag, comparison: "strong" })) return "precondition-failed";
  } else if (lastModifiedAtMs > readHttpDateAtMs(headers.get("if-unmodified-since"))) {
    return "precondition-failed";
  }
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) {
    return matches({ list: ifNoneMatch, etag, comparison: "weak" }) ? "not-modified" : "perform";
  }
  const sinceAtMs = readHttpDateAtMs(headers.get("if-modified-since"));
  return lastModifiedAtMs <= sinceAtMs ? "not-modified" : "perform";
}

/** RFC 9110 §8.8.3.2, against each member of the list; "*" matches whatever exists. */
function matches(given: {
  list: string;
  etag: string | undefined;
  comparison: "strong" | "weak";
}): boolean {
  const { list, etag, comparison } = given;
  if (list.trim() === "*") return true;
  if (etag === undefined) return false;
  const members: readonly string[] = list.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  if (comparison === "strong") return !etag.startsWith("W/") && members.includes(etag);
  const opaque = (tag: string): string => tag.replace(/^W\//, "");
  return members.some((member) => opaque(member) === opaque(etag));
}

/** NaN, which compares as neither before nor after, for an absent or unreadable date. */
function readHttpDateAtMs(value: string | null): number {
  if (value === null || !/^[A-Z][a-z]{2,8},? [\w: -]+$/.test(value)) return Number.NaN;
  // The asctime form of RFC 9110 §5.6.7 names no zone; all three forms are UTC.
  return Date.parse(value.endsWith("GMT") ? value : `${value} GMT`);
}
