// Tests the parsing of Retry-After in both its forms (RFC 9110 §10.2.3).
import { expect, it } from "vitest";
import { formatHttpDate } from "../../src/rules/http-date.ts";
import { retryAfterSeconds } from "../../src/rules/retry-after.ts";

const atMs = Date.UTC(2030, 0, 1, 12);

it.each([
  { text: "0", seconds: 0 },
  { text: "120", seconds: 120 },
  { text: "99999999", seconds: 99_999_999 },
  { text: "Tue, 01 Jan 2030 12:02:00 GMT", seconds: 120 },
  { text: "Tue, 01 Jan 2030 12:00:00 GMT", seconds: undefined },
  { text: "Tue, 01 Jan 2030 11:00:00 GMT", seconds: undefined },
  { text: "100000000", seconds: undefined },
  { text: formatHttpDate(atMs + 99_999_999_000), seconds: 99_999_999 },
  { text: formatHttpDate(atMs + 100_000_000_000), seconds: undefined },
  { text: "Fri, 31 Dec 9999 23:59:59 GMT", seconds: undefined },
  { text: "-1", seconds: undefined },
  { text: "1.5", seconds: undefined },
  { text: "60, 120", seconds: undefined },
  { text: "", seconds: undefined },
  { text: null, seconds: undefined },
])("reads a Retry-After of $text as $seconds seconds", ({ text, seconds }) => {
  expect(retryAfterSeconds(text, atMs)).toBe(seconds);
});

it("rounds a fraction of a second up, so that no client returns too early", () => {
  expect(retryAfterSeconds("Tue, 01 Jan 2030 12:02:00 GMT", atMs + 1)).toBe(120);
});
