// Tests the stream entry of an isolate's report, and entries that are not reports.
import { describe, expect, it } from "vitest";
import { fieldsOf, nextId, reportsIn } from "../../../src/observe/reports/report-entry.ts";
import { noGauges } from "../../../testing/monitoring/made-totals.ts";

const report = {
  n: "n1",
  colo: "HAM",
  coversMs: 9,
  sums: new Map([["requests|a|hit|memory", 3]]),
  gauges: { ...noGauges, lagMs: 4 },
};
const fields = fieldsOf(report);
const changed = (name: string, value: string) =>
  fields.map((text, at) => (at > 0 && fields[at - 1] === name ? value : text));

describe("an entry of the report stream", () => {
  it("is read as the report that was written", () => {
    expect(reportsIn([["17-3", fields]])).toEqual([{ id: "17-3", n: "n1", atMs: 17, report }]);
  });

  it.each([
    ["another version", changed("v", "2"), "n1"],
    ["no n", changed("n", ""), ""],
    ["no JSON", changed("d", "{"), "n1"],
    ["no sums", changed("d", "[1]"), "n1"],
    ["an impossibly large count", changed("d", '{"":{"purges":1e300}}'), "n1"],
    ["a colo with a name of a hundred letters", changed("colo", "x".repeat(100)), "n1"],
    ["more text than a report may have", changed("d", `{"${"x".repeat(20_000)}":{}}`), "n1"],
    ["an n with other characters", changed("n", "n\u{fffd}"), ""],
    ["a negative duration", changed("ms", "-1"), "n1"],
    ["invalid gauges", changed("g", '{"lagMs":"4"}'), "n1"],
    ["no field of a report", ["hello", "world"], ""],
    ["no list", "hello", ""],
  ])("is not read as a report: %s", (_id, words, n) => {
    expect(reportsIn([["17-3", words]])).toEqual([{ id: "17-3", n, atMs: 17, report: undefined }]);
  });

  it.each([{ page: null }, { page: "OK" }, { page: [null, ["x", []], [7, []]] }])(
    "is absent from a page that is malformed or empty: $page",
    ({ page }) => expect(reportsIn(page)).toEqual([]),
  );
});

describe("the next stream ID", () => {
  it.each([
    { id: "17-3", next: "17-4" },
    { id: "17-0", next: "17-1" },
    { id: "17-9007199254740993", next: "17-9007199254740994" },
    { id: "17-18446744073709551615", next: "18-0" },
  ])("after $id is $next", ({ id, next }) => expect(nextId(id)).toBe(next));
});
