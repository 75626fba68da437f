// Tests which reasons of senders may be logged.
import { expect, it } from "vitest";
import { loggedReason } from "../../src/observe/log-line.ts";

it.each([
  "Article 123 was corrected",
  "prix modifiés: /boutique/café",
  "deploy #42 (news, sport)",
  "x".repeat(24),
])("logs a reason in plain words: %s", (reason) => {
  expect(loggedReason(reason)).toBe(reason);
});

it.each([
  { has: "a query", reason: "page /a?token=1" },
  { has: "a value", reason: "session=abc" },
  { has: "a mail address", reason: "asked for by ada@example.com" },
  { has: "a token", reason: `by ${"k3Y".repeat(9)}` },
  { has: "an IPv4 address", reason: "from 192.0.2.17" },
  { has: "an IPv6 address", reason: "from 2001:db8::17" },
  { has: "a short IPv6 address", reason: "from ::1" },
  { has: "a coded text", reason: "YWRhOnNlY3JldA==" },
  { has: "a line feed", reason: "one\ntwo" },
  { has: "a query beyond the length limit", reason: `${"a ".repeat(60)}?x=1` },
])("does not log a reason with $has", ({ reason }) => {
  expect(loggedReason(reason)).toBeUndefined();
});

it("cuts a long reason at 80 characters, and logs no empty reason", () => {
  expect(loggedReason("word ".repeat(30))).toHaveLength(80);
  expect([loggedReason(""), loggedReason(undefined)]).toEqual([undefined, undefined]);
});
