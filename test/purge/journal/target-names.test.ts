// The names in epochs: a purge and every record that it covers share a name (rule 27).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Coverage } from "../../../src/cache/record/record.ts";
import { hasName, namesOf } from "../../../src/purge/journal/target-names.ts";
import {
  dataScheme,
  pathPrefix,
  type PurgeTargets,
} from "../../../src/purge/journal/purge-target.ts";
import { coveredBy } from "../../../src/purge/view/target-index.ts";
import { playsAll, shareOf } from "../../../testing/histories.ts";

const long = "x".repeat(70);
const segments = fc.constantFrom("", "a", "ab", "(", "%28", "%2528", "ü", "a.b", long);
const shallow = fc.array(segments, { maxLength: 4 });
/** Around the 30 slashes that names distinguish, and far beyond them. */
const deep = fc
  .tuple(fc.constantFrom(26, 27, 28, 29, 30, 31, 100), segments, shallow)
  .map(([depth, segment, rest]) => Array<string>(depth).fill(segment).concat(rest));
const paths = fc
  .oneof({ weight: 3, arbitrary: shallow }, { weight: 1, arbitrary: deep })
  .map((parts) => `/${parts.join("/")}`);
const queries = fc.constantFrom("", "?", "?a=1", "?b=/a/&a=%28", "?a=(&b=1");
const sites = fc.constantFrom(
  "https://a.example",
  "http://a.example",
  "https://a.example:8080",
  `https://${long}.example`,
);
const pages = fc.tuple(sites, paths, queries).map((parts) => parts.join(""));
const ofData = fc.tuple(paths, queries).map((parts) => `${dataScheme}//keys${parts.join("")}`);
const urls = fc.oneof(pages, pages, ofData);
const labels = fc.constantFrom("red", "blue", "größe", "", `1${long}`, `2${long}`);
const routes = fc.constantFrom("", "articles", long);

const records = fc.record({
  url: urls,
  route: routes,
  tags: fc.array(labels, { maxLength: 3 }),
  groups: fc.array(labels, { maxLength: 2 }),
});

/** Creates the targets of purges that often cover the record. */
const targetsFor = ({ url, route, tags, groups = [] }: Coverage) => {
  const origin = /^\w+:\/\/[^/?]*/.exec(url)?.[0] ?? "";
  const path = url.split("?", 1)[0]?.slice(origin.length) ?? "";
  const own = [
    "everything",
    `url:${url}`,
    `host:${origin.split("//")[1]}`,
    `route:${route}`,
    ...tags.map((tag) => `tag:${tag}`),
    ...groups.map((group) => `group:${origin} ${group}`),
  ];
  const others = ["tag:green", "url:https://a.example/", "host:b.example", "route:b", ""];
  const whole = [`${path}?`, pathPrefix({ origin, path })];
  const cut = (text: string) => fc.nat(text.length).map((length) => text.slice(0, length));
  return fc.record({
    tags: fc.array(fc.constantFrom(...own, ...others), { maxLength: 3 }),
    prefixes: fc.array(
      fc.oneof(cut(path), cut(url), cut(`${origin}${path}`), fc.constantFrom(...whole), paths),
      { maxLength: 2 },
    ),
  });
};

/** Returns all names under which epochs may note a purge of the record. */
function namesCovering(record: Coverage): readonly string[] {
  const names: string[] = [];
  hasName(record, (name) => {
    names.push(name);
    return false;
  });
  return names;
}

const isShared = (targets: PurgeTargets, record: Coverage) => {
  const noted = new Set(namesOf(targets));
  return namesCovering(record).some((name) => noted.has(name));
};

describe("the names of a purge and of a record", () => {
  it("intersect whenever the purge covers the record", () => {
    const counts = { covered: 0, other: 0, tooCareful: 0 };
    fc.assert(
      fc.property(
        records.chain((record) => fc.tuple(fc.constant(record), targetsFor(record))),
        ([record, targets]) => {
          const isCovered = coveredBy(targets)(record);
          const isNamed = isShared(targets, record);
          expect(isNamed || !isCovered).toBe(true);
          if (!isCovered && isNamed) counts.tooCareful += 1;
          counts[isCovered ? "covered" : "other"] += 1;
        },
      ),
      { seed: 27, numRuns: shareOf(20_000) },
    );
    const { covered, other, tooCareful } = counts;
    expect(Math.min(covered, other)).toBeGreaterThan(playsAll ? 500 : 333);
    expect(tooCareful).toBeLessThan(other);
  });

  const record = { url: "https://a.example/a/b?c=/d/", route: "articles", tags: ["red"] };

  it.each([
    { id: "another tag", tags: ["tag:blue"], prefixes: [] },
    { id: "a directory below", tags: [], prefixes: ["/a/b/"] },
    { id: "another host", tags: [], prefixes: ["https://b.example/a/"] },
    { id: "another page of the directory", tags: [], prefixes: ["https://a.example/a/c?"] },
    { id: "a page whose name begins alike", tags: [], prefixes: ["/a/?"] },
    { id: "nothing", tags: [], prefixes: [] },
  ])("do not intersect for $id", ({ tags, prefixes }) => {
    expect(isShared({ tags, prefixes }, record)).toBe(false);
  });

  it.each([
    { id: "another page of the directory", prefixes: ["/a/c"] },
    { id: "another site", prefixes: ["https://b"] },
    { id: "a prefix without a slash", prefixes: ["a"] },
    { id: "a directory of the query", prefixes: ["/a/b?c=/"] },
  ])("may intersect although the purge does not cover the record: $id", ({ prefixes }) => {
    const targets = { tags: [], prefixes };
    expect([coveredBy(targets)(record), isShared(targets, record)]).toEqual([false, true]);
  });

  it("distinguish directories up to the 30th slash", () => {
    const path = `https://a.example${"/a".repeat(26)}`;
    const isNamed = (prefix: string) =>
      isShared({ tags: [], prefixes: [prefix] }, { url: `${path}/b/c`, route: "", tags: [] });
    // The scheme has two slashes.
    expect([`${path}/b/`, `${path}/x/`, `${path}/b/x/`].map(isNamed)).toEqual([true, false, true]);
  });

  it.each([
    { id: "a path of 1,900 slashes", path: "/".repeat(1_900) },
    { id: "a path of 15,000 characters", path: `/${"a".repeat(14_999)}` },
    { id: "a long path of many segments", path: "/ü".repeat(5_000) },
  ])("are at most 63 for $id, besides those of tags", ({ path }) => {
    const url = `https://a.example${path}`;
    const tags = [long, `tag:${long}`];
    const names = namesCovering({ url, route: long, tags });
    expect(names.length).toBeLessThanOrEqual(63 + 4 + tags.length);
    expect(names.every((name) => /^[\w-]{11}$/.test(name))).toBe(true);
  });
});
