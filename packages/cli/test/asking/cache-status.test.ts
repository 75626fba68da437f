// Tests the parser of Cache-Status and Proxy-Status. Other caches between the client and Tidemark
// may add members and write them differently.
import { describe, expect, it } from "vitest";
import { cacheMembers, isOurs } from "../../src/asking/cache-status.ts";

const told = (text: string) => {
  const { before, ours, after } = cacheMembers(new Headers({ "cache-status": text }));
  return {
    before: before.map(({ name }) => name),
    ours: ours && { isHit: ours.isHit, detail: ours.detail, fwd: ours.parameters.get("fwd") },
    after: after.map(({ name, isHit }) => [name, isHit]),
  };
};
const ours = { isHit: false, detail: "", fwd: undefined };
const quoted = { ...ours, detail: "a, b; hit", fwd: "uri-miss" };
const between = { before: ["ExampleCDN"], ours: { ...ours, detail: "memory" } };

describe("cacheMembers()", () => {
  it.each<[text: string, told: object]>([
    ["", { before: [], ours: undefined, after: [] }],
    ["tidemark; hit; ttl=5", { before: [], ours: { ...ours, isHit: true }, after: [] }],
    ['tidemark; fwd=uri-miss; detail="a, b; hit"', { before: [], ours: quoted, after: [] }],
    [
      '"ExampleCDN"; hit, tidemark; detail=memory, Edge; hit',
      { ...between, after: [["Edge", true]] },
    ],
    ["tidemark, tidemark; hit", { before: ["tidemark"], ours: { ...ours, isHit: true } }],
    [
      "tidemark; fwd=stale, Hit From Cloud; hit",
      { ours: { ...ours, fwd: "stale" }, after: [["Hit From Cloud", true]] },
    ],
  ])("finds Tidemark, and the caches before and after it, in: %s", (text, is) => {
    expect(told(text)).toMatchObject(is);
  });
});

it.each([
  ["cache-status", "tidemark; hit", true],
  ["proxy-status", "tidemark; error=proxy_loop_detected", true],
  ["proxy-status", "another; error=proxy_loop_detected", false],
  ["cache-status", "another; hit", false],
])("isOurs(), for a response with %s: %s, returns %s", (name, value, is) => {
  expect(isOurs(new Headers({ [name]: value }))).toBe(is);
});
