// Tests W3C Trace Context, Level 2: which traceparent is valid, and which trace fields an origin
// receives.
import { describe, expect, it } from "vitest";
import { readTraceparent, traceFields, traceIdOf } from "../../src/rules/trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const spanId = "00f067aa0ba902b7";
const valid = `00-${traceId}-${parentId}-01`;
const zeros = (count: number) => "0".repeat(count);

describe("a valid traceparent (§3.2)", () => {
  it.each([
    { is: "of version 00", field: valid, flags: 1 },
    { is: "not sampled", field: `00-${traceId}-${parentId}-00`, flags: 0 },
    { is: "of a random trace ID", field: `00-${traceId}-${parentId}-03`, flags: 3 },
    { is: "with unknown flags", field: `00-${traceId}-${parentId}-ff`, flags: 3 },
    { is: "of a later version", field: `01-${traceId}-${parentId}-01`, flags: 1 },
    {
      is: "of a later version with another field",
      field: `cc-${traceId}-${parentId}-01-what`,
      flags: 1,
    },
  ])("is read: $is", ({ field, flags }) => {
    expect(readTraceparent(field)).toEqual({ traceId, flags });
  });

  it.each([
    { id: "first-digit", trace: `1${zeros(31)}`, parent: `1${zeros(15)}` },
    { id: "last-digit", trace: `${zeros(31)}1`, parent: `${zeros(15)}1` },
  ])("may have IDs with a single digit that is not zero: $id", ({ trace, parent }) => {
    expect(readTraceparent(`00-${trace}-${parent}-01`)).toEqual({ traceId: trace, flags: 1 });
  });
});

describe("an invalid traceparent", () => {
  it.each([
    { is: "absent", field: null },
    { is: "empty", field: "" },
    { is: "of version ff", field: `ff-${traceId}-${parentId}-01` },
    { is: "in upper case", field: valid.toUpperCase() },
    { is: "of a trace of zeros", field: `00-${zeros(32)}-${parentId}-01` },
    { is: "of a parent of zeros", field: `00-${traceId}-${zeros(16)}-01` },
    { is: "of version 00 with another field", field: `${valid}-what` },
    { is: "of version 00 with a dash at the end", field: `${valid}-` },
    { is: "of a later version without a dash", field: `01-${traceId}-${parentId}-01what` },
    { is: "a digit too short", field: `00-${traceId.slice(1)}-${parentId}-01` },
    { is: "a digit too long", field: `00-${traceId}0-${parentId}-01` },
    { is: "with a parent too short", field: `00-${traceId}-${parentId.slice(1)}-01` },
    { is: "without flags", field: `00-${traceId}-${parentId}` },
    { is: "with one digit of flags", field: `00-${traceId}-${parentId}-1` },
    {
      is: "with a letter that is not hexadecimal",
      field: `00-${traceId.replace("0", "g")}-${parentId}-01`,
    },
    { is: "two fields", field: `${valid}, ${valid}` },
    { is: "with a line before it", field: `x\n${valid}` },
    { is: "with a line after it", field: `${valid}\nx` },
    { is: "of a later version with a line after it", field: `01-${traceId}-${parentId}-01-\nx` },
  ])("is ignored: $is", ({ field }) => {
    expect(readTraceparent(field)).toBeUndefined();
  });
});

describe("the trace fields for an origin", () => {
  const sent = (fields: Record<string, string>) => traceFields(new Headers(fields), () => spanId);

  it("have the client's trace ID, flags and tracestate, and Tidemark's span as parent", () => {
    const tracestate = "rojo=00f067aa0ba902b7, congo=t61rcWkgMzE";
    expect(sent({ traceparent: valid, tracestate })).toEqual([
      ["traceparent", `00-${traceId}-${spanId}-01`],
      ["tracestate", tracestate],
    ]);
  });

  it("have version 00 for a later version", () => {
    expect(sent({ traceparent: `7a-${traceId}-${parentId}-fd-more` })).toEqual([
      ["traceparent", `00-${traceId}-${spanId}-01`],
    ]);
  });

  it.each([{ tracestate: "a=b" }, { traceparent: "00-1-2-03", tracestate: "a=b" }, {}])(
    "are absent if traceparent is invalid: %o",
    (fields) => {
      expect(sent(fields as Record<string, string>)).toEqual([]);
    },
  );
});

it("returns the trace ID of a request, or undefined", () => {
  expect(traceIdOf(new Headers({ traceparent: valid }))).toBe(traceId);
  expect(traceIdOf(new Headers())).toBeUndefined();
});
