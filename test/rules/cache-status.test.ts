// Tests Tidemark's member of Cache-Status, with one row for each way to handle a request (RFC 9211
// §2).
import * as fc from "fast-check";
import { parseList, Token } from "structured-headers";
import { describe, expect, it } from "vitest";
import { cacheStatus, type ForwardReason, type Handling } from "../../src/rules/cache-status.ts";
import { seeded } from "../../testing/examples/header-text.ts";

const plain = (value: unknown) => (value instanceof Token ? value.toString() : value);

/** Returns the members as plain data, each with its parameters. */
const readBack = (text: string) =>
  parseList(text).map(([value, parameters]) => [
    plain(value),
    Object.fromEntries([...parameters].map(([name, said]) => [name, plain(said)])),
  ]);

const forwarded = { kind: "forwarded", reason: "stale" } as const;

const hit = (ttlSeconds: number) => ({ kind: "hit", ttlSeconds, detail: "edge" }) as const;
const withDetail = (rule: string, names: readonly string[]) =>
  ({ ...forwarded, detail: { rule, names } }) as const;

describe("cacheStatus", () => {
  it.each([
    ["hit", "§2.1", hit(240), { hit: true, ttl: 240, detail: "edge" }],
    ["whole-seconds", "§2.4", hit(1.9), { hit: true, ttl: 1, detail: "edge" }],
    ["stale", "§2.4", hit(-0.5), { hit: true, ttl: -1, detail: "edge" }],
    ["minus-zero", "§2.4", hit(-0), { hit: true, ttl: 0, detail: "edge" }],
    ["longest", "§2.4", hit(2 ** 31), { hit: true, ttl: 2 ** 31, detail: "edge" }],
    ["forwarded", "§2.2", forwarded, { fwd: "stale" }],
    ["status", "§2.3", { ...forwarded, forwardStatus: 304 }, { fwd: "stale", "fwd-status": 304 }],
    ["collapsed", "§2.6", { ...forwarded, collapsed: true }, { fwd: "stale", collapsed: true }],
    ["not-collapsed", "§2.6", { ...forwarded, collapsed: false }, { fwd: "stale" }],
    ["stored", "§2.5", { ...forwarded, stored: true }, { fwd: "stale", stored: true }],
    ["not-stored", "§2.5", { ...forwarded, stored: false }, { fwd: "stale" }],
    ["detail", "§2.8", { ...forwarded, detail: "no-store" }, { fwd: "stale", detail: "no-store" }],
    ["unverified", "§2", { ...forwarded, unverified: true }, { fwd: "stale", unverified: true }],
    ["verified", "§2", { ...forwarded, unverified: false }, { fwd: "stale" }],
    [
      "unverified-hit",
      "§2",
      { ...hit(1), unverified: true },
      { hit: true, ttl: 1, detail: "edge", unverified: true },
    ],
  ] as const)("describes the handling of a request: %s (%s)", (_id, _clause, handling, says) => {
    expect(readBack(cacheStatus(handling))).toEqual([["tidemark", says]]);
  });

  it.each([
    ["no-names", "a", [], "a"],
    ["names", "vary", ["a", "b"], "vary: a, b"],
    ["invalid-names", "vary", ['a"; hit', "b\\", "größe\n"], 'vary: a"; hit, b\\, gr??e?'],
    ["longest", "vary", ["a".repeat(58)], `vary: ${"a".repeat(58)}`],
    ["too-long", "vary", ["a".repeat(59)], `vary: ${"a".repeat(55)}...`],
  ])("writes a rule and its names into detail: %s (§2.8)", (_id, rule, names, detail) => {
    const text = cacheStatus(withDetail(rule, names));
    expect(readBack(text)).toEqual([["tidemark", { fwd: "stale", detail }]]);
  });

  it.each([
    ["rule", { ...forwarded, detail: "no-store" }, "no-store"],
    ["rule-without-names", withDetail("vary", []), "vary"],
    ["rule-with-names", withDetail("vary", ["a"]), '"vary: a"'],
    ["cause", { ...forwarded, cause: "purged" }, "purged"],
    ["cause-and-rule", { ...forwarded, cause: "purged", detail: "no-store" }, '"purged, no-store"'],
    // The origin failed, so the purged response was the answer.
    ["cause-of-a-hit", { ...hit(-5), cause: "purged", detail: "status-503" }, "status-503"],
  ] as const)("writes one word as a Token, other text as a String: %s (§2.8)", (...row) => {
    const [, handling, detail] = row;
    expect(cacheStatus(handling)).toMatch(new RegExp(`; detail=${detail}$`));
  });

  it.each([
    { id: "absent", upstream: null, members: ["tidemark"] },
    { id: "empty", upstream: "", members: ["tidemark"] },
    { id: "spaces", upstream: " \t", members: ["tidemark"] },
    { id: "one", upstream: "origin-cache; hit", members: ["origin-cache", "tidemark"] },
    { id: "two", upstream: 'a; fwd=miss, "b c"; hit', members: ["a", "b c", "tidemark"] },
    { id: "tidemark", upstream: "tidemark; hit", members: ["tidemark", "tidemark"] },
  ])("follows the members of caches nearer to the origin: $id (§2)", ({ upstream, members }) => {
    const text = cacheStatus(forwarded, upstream);
    expect(readBack(text).map(([name]) => name)).toEqual(members);
  });

  it("keeps an unreadable upstream value unchanged (§2)", () => {
    expect(cacheStatus(forwarded, "HIT from é")).toBe("HIT from é, tidemark; fwd=stale");
  });

  it("is always one valid member, with either hit or fwd (§2.2)", () => {
    const detail = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
    const reasons: ForwardReason[] = [
      "bypass",
      "method",
      "uri-miss",
      "vary-miss",
      "request",
      "stale",
    ];
    const names = fc.record({ rule: detail, names: fc.array(fc.string({ unit: "binary" })) });
    const handlings: fc.Arbitrary<Handling> = fc.oneof(
      fc.record({
        kind: fc.constant("hit" as const),
        ttlSeconds: fc.double({ min: -(2 ** 40), max: 2 ** 31, noNaN: true }),
        detail,
      }),
      fc.record(
        {
          kind: fc.constant("forwarded" as const),
          reason: fc.constantFrom(...reasons),
          forwardStatus: fc.integer({ min: 200, max: 599 }),
          collapsed: fc.boolean(),
          stored: fc.boolean(),
          detail: fc.oneof(detail, names),
        },
        { requiredKeys: ["kind", "reason"] },
      ),
    );
    fc.assert(
      fc.property(handlings, (handling) => {
        const members = parseList(cacheStatus(handling));
        expect(members).toHaveLength(1);
        const parameters = members[0]?.[1] ?? new Map<string, unknown>();
        const { kind } = handling;
        expect(parameters.get("hit")).toBe(kind === "hit" ? true : undefined);
        expect(parameters.has("fwd")).toBe(kind === "forwarded");
        expect(Number.isInteger(parameters.get("ttl"))).toBe(kind === "hit");
        expect(parameters.has("collapsed")).toBe(
          kind === "forwarded" && handling.collapsed === true,
        );
      }),
      seeded,
    );
  });
});
