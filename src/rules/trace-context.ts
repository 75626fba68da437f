// Parses and builds W3C Trace Context, Level 2 (https://www.w3.org/TR/trace-context-2/).
import type { FieldLine, Fields } from "./fields.ts";

/** Fields that identify one request. These fields are never stored and select no variant. */
export const traceFieldNames: readonly string[] = ["traceparent", "tracestate"];

/**
 * Matches `traceparent` (§3.2.2): the version, the trace ID, the parent ID and the flags, each of a
 * fixed length. The IDs are not all zero. Later versions may append members after a dash.
 */
const traceparentForm = /^[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;

/** The length of a `traceparent` of version 00. */
const version00Characters = 55;

/** The flags `sampled` and `random-trace-id` (§3.2.2.5). All other bits are sent as zero. */
const knownFlags = 0b11;

export interface TraceContext {
  /** The trace ID: 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  readonly flags: number;
}

/**
 * Parses `traceparent`.
 *
 * @returns `undefined` if the field is absent or malformed: upper case, an ID of zeros, several
 *   fields, or an extra member in version 00
 */
export function readTraceparent(field: string | null): TraceContext | undefined {
  if (field === null || !traceparentForm.test(field) || field.startsWith("ff")) return undefined;
  if (field.startsWith("00") && field.length > version00Characters) return undefined;
  const flags = Number.parseInt(field.slice(53, 55), 16);
  return { traceId: field.slice(3, 35), flags: flags & knownFlags };
}

/** Returns the trace ID of a request; `undefined` if there is none. */
export function traceIdOf(request: Fields): string | undefined {
  return readTraceparent(request.get("traceparent"))?.traceId;
}

/**
 * Returns the trace fields for the origin (§3.2, §3.3): the same trace and flags, a new parent ID,
 * and `tracestate` unchanged. Returns none if `traceparent` is absent or invalid, because
 * `tracestate` alone has no meaning (§3.3).
 *
 * @param newSpanId returns an ID for this origin request: 16 lower-case hex digits, not all zero
 */
export function traceFields(request: Fields, newSpanId: () => string): readonly FieldLine[] {
  const trace = readTraceparent(request.get("traceparent"));
  if (trace === undefined) return [];
  const flags = trace.flags.toString(16).padStart(2, "0");
  const state = request.get("tracestate");
  return [
    ["traceparent", `00-${trace.traceId}-${newSpanId()}-${flags}`],
    ...(state === null ? [] : [["tracestate", state] satisfies FieldLine]),
  ];
}
