// Selects a byte range of a complete stored body (RFC 9110 §14; RFC 9111 §3.3).
import { entityTag, hasStrongDate, isEntityTag, isWeak } from "./validators.ts";
import type { Fields, FieldLine } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

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

/** A set of many ranges may be an attack (RFC 9110 §17.15). */
const rangesMax = 8;

/**
 * Returns the client's `Range` and `If-Range` for an origin. The form of the range is one that each origin reads: some
 * reject white space, capitals or long numbers.
 *
 * @returns no fields if every body would answer whole or with 416: for another unit, an invalid or unsatisfiable range,
 *   many ranges, or an `If-Range` without a strong tag or a date
 */
export function rangeFields(request: Fields): FieldLine[] {
  const found = request
    .get("range")
    ?.trim()
    .match(/^bytes=(?<set>[^]*)$/i);
  const members = found?.groups?.["set"]?.split(",", rangesMax + 1) ?? [];
  const set = members.map((member) => plainRange(member.trim()));
  const condition = request.get("if-range");
  const mayBe = set.length > 0 && set.length <= rangesMax && !set.includes(undefined);
  if (!mayBe || (condition !== null && !mayHold(condition.trim()))) return [];
  const range: FieldLine = ["range", `bytes=${set.join(",")}`];
  return condition === null ? [range] : [range, ["if-range", condition]];
}

/** Returns one range of a set in its plain form; `undefined` if it selects a part of no body. */
function plainRange(text: string): string | undefined {
  const bounds = boundsIn(`bytes=${text}`);
  if (bounds === undefined || partOf(bounds, bodyBytesMax).kind !== "part") return undefined;
  const { first, last } = bounds;
  if (first === "") return `-${Math.min(Number(last), bodyBytesMax - 1)}`;
  return `${Number(first)}-${last !== "" && Number(last) < bodyBytesMax ? Number(last) : ""}`;
}

/** Returns whether `If-Range` has a form that some response makes true (RFC 9110 §13.1.5). */
const mayHold = (condition: string): boolean =>
  isEntityTag(condition) ? !isWeak(condition) : typeof parseHttpDate(condition, 0) === "number";

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
