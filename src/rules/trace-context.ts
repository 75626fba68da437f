// Which trace a request belongs to: W3C Trace Context, Level 2 (https://www.w3.org/TR/trace-context-2/).
import type { FieldLine, Fields } from "./fields.ts";

/** Of one request: they name no page, select none, and are stored with none. */
export const traceFieldNames: readonly string[] = ["traceparent", "tracestate"];

/** §3.2.2: later versions may append fields behind a dash; version `ff` is none. */
const traceparentForm = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** §3.2.2.5: sampled, and random-trace-id. All other bits are sent as zero. */
const knownFlags = 0b11;

export interface TraceContext {
  /** 32 hex digits in lower case, not all zero. */
  readonly traceId: string;
  readonly flags: number;
}

/**
 * Reads `traceparent`.
 *
 * @returns `undefined` where there is none, or what there is is malformed: upper case, zeros for an ID,
 *   several fields, a field more in version 00
 */
export function readTraceparent(field: string | null): TraceContext | undefined {
  const [, version, traceId = "", parentId = "", flags = "", more] =
    traceparentForm.exec(field ?? "") ?? [];
  if (version === undefined || version === "ff") return undefined;
  if (version === "00" && more !== undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return { traceId, flags: Number.parseInt(flags, 16) & knownFlags };
}

/** @returns the ID of the trace that a request belongs to; `undefined` for none */
export function traceIdOf(request: Fields): string | undefined {
  return readTraceparent(request.get("traceparent"))?.traceId;
}

/**
 * What an origin is told of the trace (§3.2, §3.3): the same trace and flags, with a parent of our own,
 * and `tracestate` as it came. §3.3: beside a `traceparent` that is not valid it counts for nothing.
 *
 * @param newSpanId names this forward: 16 hex digits in lower case, not all zero
 * @returns no field where the request belongs to no trace
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
