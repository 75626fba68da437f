// A report as an entry of the stream, and what is none.
import { describe, expect, it } from "vitest";
import { fieldsOf, nextId, reportsIn } from "../../src/reports/report-entry.ts";
import { noGauges } from "./reports-world.ts";

const report = {
  n: "n1",
  colo: "HAM",
  sums: new Map([["requests|a|hit|memory", 3]]),
  gauges: { ...noGauges, lagMs: 4 },
};
const fields = fieldsOf(report);
const changed = (name: string, value: string) =>
  fields.map((text, at) => (at > 0 && fields[at - 1] === name ? value : text));

describe("an entry", () => {
  it("comes back as it was", () => {
    expect(reportsIn([["17-3", fields]])).toEqual([{ id: "17-3", n: "n1", atMs: 17, report }]);
  });

  it.each([
    { id: "another version", words: changed("v", "2"), n: "n1" },
    { id: "no n", words: changed("n", ""), n: "" },
    { id: "no JSON", words: changed("d", "{"), n: "n1" },
    { id: "no sums", words: changed("d", "[1]"), n: "n1" },
    { id: "no state", words: changed("g", '{"lagMs":"4"}'), n: "n1" },
    { id: "nothing of ours", words: ["hello", "world"], n: "" },
    { id: "no list", words: "hello", n: "" },
  ])("is no report: $id", ({ words, n }) => {
    expect(reportsIn([["17-3", words]])).toEqual([{ id: "17-3", n, atMs: 17, report: undefined }]);
  });

  it.each([{ page: null }, { page: "OK" }, { page: [null, ["x", []], [7, []]] }])(
    "is not there: $page",
    ({ page }) => expect(reportsIn(page)).toEqual([]),
  );
});

describe("the next ID", () => {
  it.each([
    { id: "17-3", next: "17-4" },
    { id: "17-0", next: "17-1" },
    { id: "17-9007199254740993", next: "17-9007199254740994" },
    { id: "17-18446744073709551615", next: "18-0" },
  ])("after $id is $next", ({ id, next }) => expect(nextId(id)).toBe(next));
});
