// Tests the hints about bodies that are too large, and about cookies without a name.
import { expect, it } from "vitest";
import { hintOfSetCookie, tooLarge } from "../../../../src/parts/operate/explain/hints.ts";

const config = { limits: { sharedBodyBytes: 1_000, bufferBytes: 4_000 } } as never;

it.each([
  {
    id: "that every tier of the route refuses",
    bytes: 600_000_000,
    tiers: ["edge", "shared"],
    why: "its body of 600000000 bytes is too large for the tiers of its route (edge, shared): 536870912 bytes is the limit of the edge tier; 1000 bytes is the limit of the shared tier (limits.sharedBodyBytes)",
    hint: "let the origin send a smaller body",
  },
  {
    id: "on a platform without an edge tier",
    bytes: 5_000,
    tiers: ["edge", "shared"],
    why: "its body of 5000 bytes is too large for the tiers of its route (edge, shared): 1000 bytes is the limit of the shared tier (limits.sharedBodyBytes)",
    hint: "let the origin send a smaller body, or raise limits.sharedBodyBytes",
  },
] as const)("explain names the limits for a body $id", ({ bytes, tiers, why, hint }) => {
  expect(tooLarge(bytes, { tiers }, config)).toEqual({ why, hint });
});

it("the hint about a Set-Cookie without a name contains no name", () => {
  expect(hintOfSetCookie([])).toBe(
    'let the origin set no cookie on this page; or give the route setCookie: "strip", unless key.cookies or when.cookie names the cookie',
  );
});
