// One row per way of handling a request, read back as a List (RFC 9211 §2).
import * as fc from "fast-check";
import { parseList, Token } from "structured-headers";
import { describe, expect, it } from "vitest";
import { cacheStatus, type ForwardReason, type Handling } from "../../src/rules/cache-status.ts";
import { seeded } from "../../testing/examples/header-text.ts";

const plain = (value: unknown) => (value instanceof Token ? value.toString() : value);

/** Members as plain data, each with its parameters. */
const readBack = (text: string) =>
  parseList(text).map(([value, parameters]) => [
    plain(value),
    Object.fromEntries([...parameters].map(([name, said]) => [name, plain(said)])),
  ]);

const forwarded = { kind: "forwarded", reason: "stale" } as const;

describe("cacheStatus", () => {
  it.each([
    {
      id: "hit",
      clause: "§2.1",
      handling: { kind: "hit", ttlSeconds: 240, detail: "edge" },
      says: { hit: true, ttl: 240, detail: "edge" },
    },
    {
      id: "whole-seconds",
      clause: "§2.4",
      handling: { kind: "hit", ttlSeconds: 1.9, detail: "a" },
      says: { hit: true, ttl: 1, detail: "a" },
    },
    {
      id: "stale",
      clause: "§2.4",
      handling: { kind: "hit", ttlSeconds: -0.5, detail: "a" },
      says: { hit: true, ttl: -1, detail: "a" },
    },
    {
      id: "minus-zero",
      clause: "§2.4",
      handling: { kind: "hit", ttlSeconds: -0, detail: "a" },
      says: { hit: true, ttl: 0, detail: "a" },
    },
    {
      id: "longest",
      clause: "§2.4",
      handling: { kind: "hit", ttlSeconds: 2_147_483_648, detail: "a" },
      says: { hit: true, ttl: 2_147_483_648, detail: "a" },
    },
    { id: "forwarded", clause: "§2.2", handling: forwarded, says: { fwd: "stale" } },
    {
      id: "status",
      clause: "§2.3",
      handling: { ...forwarded, forwardStatus: 304 },
      says: { fwd: "stale", "fwd-status": 304 },
    },
    {
      id: "collapsed",
      clause: "§2.6",
      handling: { ...forwarded, collapsed: true },
      says: { fwd: "stale", collapsed: true },
    },
    {
      id: "not-collapsed",
      clause: "§2.6",
      handling: { ...forwarded, collapsed: false },
      says: { fwd: "stale" },
    },
    {
      id: "stored",
      clause: "§2.5",
      handling: { ...forwarded, stored: true },
      says: { fwd: "stale", stored: true },
    },
    {
      id: "not-stored",
      clause: "§2.5",
      handling: { ...forwarded, stored: false },
      says: { fwd: "stale" },
    },
    {
      id: "detail",
      clause: "§2.8",
      handling: { ...forwarded, detail: "no-store" },
      says: { fwd: "stale", detail: "no-store" },
    },
    {
      id: "rule-without-names",
      clause: "§2.8",
      handling: { ...forwarded, detail: { rule: "vary-any", names: [] } },
      says: { fwd: "stale", detail: "vary-any" },
    },
    {
      id: "rule-with-names",
      clause: "§2.8",
      handling: { ...forwarded, detail: { rule: "vary", names: ["a", "b"] } },
      says: { fwd: "stale", detail: "vary: a, b" },
    },
    {
      id: "names-that-are-no-tokens",
      clause: "§2.8",
      handling: { ...forwarded, detail: { rule: "vary", names: ['a"; hit', "b\\", "größe\n"] } },
      says: { fwd: "stale", detail: 'vary: a"; hit, b\\, gr??e?' },
    },
    {
      id: "as-many-names-as-there-is-room-for",
      clause: "§2.8",
      handling: { ...forwarded, detail: { rule: "vary", names: ["a".repeat(58)] } },
      says: { fwd: "stale", detail: `vary: ${"a".repeat(58)}` },
    },
    {
      id: "more-names-than-there-is-room-for",
      clause: "§2.8",
      handling: { ...forwarded, detail: { rule: "vary", names: ["a".repeat(59)] } },
      says: { fwd: "stale", detail: `vary: ${"a".repeat(55)}...` },
    },
  ] as const)("$id ($clause)", ({ handling, says }) => {
    expect(readBack(cacheStatus(handling))).toEqual([["tidemark", says]]);
  });

  it.each([
    { id: "absent", upstream: null, members: ["tidemark"] },
    { id: "empty", upstream: "", members: ["tidemark"] },
    { id: "spaces", upstream: " \t", members: ["tidemark"] },
    { id: "one", upstream: "origin-cache; hit", members: ["origin-cache", "tidemark"] },
    { id: "two", upstream: 'a; fwd=miss, "b c"; hit', members: ["a", "b c", "tidemark"] },
    { id: "ourselves", upstream: "tidemark; hit", members: ["tidemark", "tidemark"] },
  ])("after a cache nearer to the origin: $id (§2)", ({ upstream, members }) => {
    const text = cacheStatus(forwarded, upstream);
    expect(readBack(text).map(([name]) => name)).toEqual(members);
  });

  it("keeps an upstream value as it came, readable or not (§2)", () => {
    expect(cacheStatus(forwarded, "HIT from é")).toBe("HIT from é, tidemark; fwd=stale");
  });

  it("is one readable member whatever was done, with hit and fwd never together (§2.2)", () => {
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
