// What is read of Cache-Status and Proxy-Status, however the caches on the way write them.
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

describe("of the caches of an answer", () => {
  it.each([
    { text: "", is: { before: [], ours: undefined, after: [] } },
    { text: "tidemark; hit; ttl=5", is: { before: [], ours: { ...ours, isHit: true }, after: [] } },
    {
      text: 'tidemark; fwd=uri-miss; detail="a, b; hit"',
      is: { before: [], ours: { ...ours, detail: "a, b; hit", fwd: "uri-miss" }, after: [] },
    },
    {
      text: '"ExampleCDN"; hit, tidemark; detail=memory, Edge; hit',
      is: {
        before: ["ExampleCDN"],
        ours: { ...ours, detail: "memory" },
        after: [["Edge", true]],
      },
    },
    {
      text: "tidemark, tidemark; hit",
      is: { before: ["tidemark"], ours: { ...ours, isHit: true } },
    },
    {
      text: "tidemark; fwd=stale, Hit From Cloud; hit",
      is: { ours: { ...ours, fwd: "stale" }, after: [["Hit From Cloud", true]] },
    },
  ])("$text", ({ text, is }) => {
    expect(told(text)).toMatchObject(is);
  });
});

it.each([
  { fields: { "cache-status": "tidemark; hit" }, is: true },
  { fields: { "proxy-status": "tidemark; error=proxy_loop_detected" }, is: true },
  { fields: { "proxy-status": "another; error=proxy_loop_detected" }, is: false },
  { fields: { "cache-status": "another; hit" }, is: false },
])("an answer with $fields is Tidemark's: $is", ({ fields, is }) => {
  expect(isOurs(new Headers(fields))).toBe(is);
});
