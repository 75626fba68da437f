// Selects a byte range of a complete stored body (RFC 9110 §14; RFC 9111 §3.3).
import { entityTag, hasStrongDate, isWeak } from "./validators.ts";
import type { Fields } from "./fields.ts";

/** The first and last byte, both included. */
export interface ByteRange {
  readonly firstByte: number;
  readonly lastByte: number;
}

export type RangeVerdict =
  | { kind: "whole" }
  | ({ kind: "part" } & ByteRange)
  | { kind: "unsatisfiable" };

interface RangeAsk {
  /** The client's `Range` and `If-Range`. */
  readonly request: Fields;
  readonly stored: Fields;
  readonly status: number;
  /** The length of the complete body. */
  readonly bodyBytes: number;
  /** The `Date` of the response that the body is from. */
  readonly bodyDate: string | null;
}

/** The numbers of a range. An absent number is empty. */
type Bounds = Readonly<Record<"first" | "last", string>>;

/**
 * Decides which part of the body the client receives. Returns `whole` if there is no range, or the
 * range is ignored. A range is ignored for a status other than 200, several ranges, other units,
 * malformed text (RFC 9110 §14.2), or a failed `If-Range` (§13.1.5).
 */
export function rangeVerdict(given: RangeAsk): RangeVerdict {
  const bounds = boundsIn(given.request.get("range"));
  if (given.status !== 200 || !bounds || !ifRangeHolds(given)) return { kind: "whole" };
  const part = partOf(bounds, given.bodyBytes);
  // RFC 9110 §13.2.2: with If-Range, an unsatisfiable range is ignored.
  const isIgnored = part.kind === "unsatisfiable" && given.request.has("if-range");
  return isIgnored ? { kind: "whole" } : part;
}

/** Returns the numbers of one range in bytes; `undefined` for any other field value. */
function boundsIn(range: string | null): Bounds | undefined {
  const found = range?.trim().match(/^bytes=[ \t]*(?<first>\d*)-(?<last>\d*)$/i);
  return found?.groups as Bounds | undefined;
}

/** A first byte beyond this limit has more than 15 digits, and some origins reject it. */
const bodyBytesMax = 1e15;

/**
 * Returns the first byte of the part that `Range` selects; 0 for a range that is ignored or
 * unsatisfiable, or whose first byte depends on an unknown length.
 *
 * @param bodyBytes the length of the complete body; `undefined` if unknown
 */
export function firstByteOf(range: string | null, bodyBytes: number | undefined): number {
  const bounds = boundsIn(range);
  if (bounds === undefined || (bounds.first === "" && bodyBytes === undefined)) return 0;
  const part = partOf(bounds, bodyBytes ?? bodyBytesMax);
  return part.kind === "part" ? part.firstByte : 0;
}

function partOf({ first, last }: Bounds, bodyBytes: number): RangeVerdict {
  if (first === "") return suffix(last, bodyBytes);
  const firstByte = Number(first);
  const lastByte = last === "" ? Infinity : Number(last);
  if (lastByte < firstByte) return { kind: "whole" };
  if (firstByte >= bodyBytes) return { kind: "unsatisfiable" };
  return { kind: "part", firstByte, lastByte: Math.min(lastByte, bodyBytes - 1) };
}

/** Returns the range of the last n bytes, for `bytes=-n` (RFC 9110 §14.1.2). */
function suffix(length: string, bodyBytes: number): RangeVerdict {
  if (length === "") return { kind: "whole" };
  const wantedBytes = Number(length);
  if (wantedBytes === 0) return { kind: "unsatisfiable" };
  // The range is satisfiable, but Content-Range cannot express zero bytes.
  if (bodyBytes === 0) return { kind: "whole" };
  const firstByte = Math.max(0, bodyBytes - wantedBytes);
  return { kind: "part", firstByte, lastByte: bodyBytes - 1 };
}

/**
 * Returns whether `If-Range` is absent or true (RFC 9110 §13.1.5). An ETag must match strongly. A
 * date must equal a strong `Last-Modified`.
 */
function ifRangeHolds({ request, stored, bodyDate }: RangeAsk): boolean {
  const condition = request.get("if-range")?.trim();
  if (condition === undefined) return true;
  if (condition.includes('"')) return !isWeak(condition) && condition === entityTag(stored);
  return condition === stored.get("last-modified")?.trim() && hasStrongDate(stored, bodyDate);
}

export function lengthOf({ firstByte, lastByte }: ByteRange): number {
  return lastByte - firstByte + 1;
}

/** Reads `Content-Range` with a range and a length (RFC 9110 §14.4); `undefined` for another value. */
export function readContentRange(
  text: string,
): { range: ByteRange; totalBytes: number } | undefined {
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec(text);
  if (found === null) return undefined;
  const [firstByte, lastByte, totalBytes] = found.slice(1).map(Number) as [number, number, number];
  return { range: { firstByte, lastByte }, totalBytes };
}

/** Formats `Content-Range` (RFC 9110 §14.4). */
export function contentRange({ firstByte, lastByte }: ByteRange, bodyBytes: number): string {
  return `bytes ${firstByte}-${lastByte}/${bodyBytes}`;
}
