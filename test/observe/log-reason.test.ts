// Which reasons of senders may stand in the log.
import { expect, it } from "vitest";
import { loggedReason } from "../../src/observe/log-reason.ts";

it.each([
  "Article 123 was corrected",
  "prix modifiés: /boutique/café",
  "deploy #42 (news, sport)",
  "x".repeat(24),
])("a reason in plain words does: %s", (reason) => {
  expect(loggedReason(reason)).toBe(reason);
});

it.each([
  { has: "a query", reason: "page /a?token=1" },
  { has: "a value", reason: "session=abc" },
  { has: "an address of mail", reason: "asked for by ada@example.com" },
  { has: "a token", reason: `by ${"k3Y".repeat(9)}` },
  { has: "an address of IPv4", reason: "from 192.0.2.17" },
  { has: "an address of IPv6", reason: "from 2001:db8::17" },
  { has: "a short address of IPv6", reason: "from ::1" },
  { has: "a coded text", reason: "YWRhOnNlY3JldA==" },
  { has: "a line feed", reason: "one\ntwo" },
  { has: "something that is hidden behind the cut", reason: `${"a ".repeat(60)}?x=1` },
])("a reason with $has does not", ({ reason }) => {
  expect(loggedReason(reason)).toBeUndefined();
});

it("a long one is cut at 80 characters; none is none", () => {
  expect(loggedReason("word ".repeat(30))).toHaveLength(80);
  expect([loggedReason(""), loggedReason(undefined)]).toEqual([undefined, undefined]);
});
