// The index drops the value of one target, and keeps the values of all others.
import { expect, it } from "vitest";
import { TargetIndex } from "../../../src/purge/view/target-index.ts";
import { responseWith } from "../../../testing/examples/purges.ts";
import { usedHeapBytes } from "../../../testing/used-heap.ts";

const targetsOf = (prefix: string) => ({ tags: [], prefixes: [prefix] });
const at = (path: string) => responseWith({ url: `https://www.example.com${path}` });

it.each(["/", "/a", "/a/b", "/a/cd", "/a/c/", "/a/c/d", "/b"])(
  "keeps the value of %s when it drops that of /a/c",
  (kept) => {
    const index = new TargetIndex();
    for (const prefix of [kept, "/a/c"]) index.change(targetsOf(prefix), () => ({}));
    index.change(targetsOf("/a/c"), () => undefined);
    expect(index.covering(at(`${kept}x`))).toHaveLength(1);
  },
);

it("finds no value of a dropped target", () => {
  const index = new TargetIndex();
  index.change(targetsOf("/a/c"), () => ({}));
  expect(index.covering(at("/a/c"))).toHaveLength(1);
  index.change(targetsOf("/a/c"), () => undefined);
  expect(index.covering(at("/a/c"))).toEqual([]);
});

it("uses no memory for dropped targets", () => {
  const index = new TargetIndex();
  const before = usedHeapBytes();
  for (let count = 0; count < 50_000; count += 1) {
    index.change(targetsOf(`/a${count}/b/c`), () => ({}));
    index.change(targetsOf(`/a${count}/b/c`), () => undefined);
  }
  expect(usedHeapBytes() - before).toBeLessThan(2_000_000);
  expect(index.covering(at("/a1/b/c"))).toEqual([]);
});
