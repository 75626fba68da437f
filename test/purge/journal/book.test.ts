// The names in the journal's book: a purge and every record that it covers share a name (rule 27).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Coverage } from "../../../src/cache/record/record.ts";
import { namesCovering, namesOf } from "../../../src/purge/journal/book.ts";
import { dataScheme, type PurgeTargets } from "../../../src/purge/journal/purge-target.ts";
import { coveredBy } from "../../../src/purge/view/target-index.ts";
import { shareOf } from "../../../testing/histories.ts";

const long = "x".repeat(70);
const segments = fc.constantFrom("", "a", "ab", "(", "%28", "%2528", "ü", "a.b", long);
const paths = fc.array(segments, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
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
  const cut = (text: string) => fc.nat(text.length).map((length) => text.slice(0, length));
  return fc.record({
    tags: fc.array(fc.constantFrom(...own, ...others), { maxLength: 3 }),
    prefixes: fc.array(fc.oneof(cut(path), cut(`${origin}${path}`), paths), { maxLength: 2 }),
  });
};

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
          const hasName = isShared(targets, record);
          expect(hasName || !isCovered).toBe(true);
          if (!isCovered && hasName) counts.tooCareful += 1;
          counts[isCovered ? "covered" : "other"] += 1;
        },
      ),
      { seed: 27, numRuns: shareOf(20_000) },
    );
    const { covered, other, tooCareful } = counts;
    expect(Math.min(covered, other)).toBeGreaterThan(500);
    expect(tooCareful).toBeLessThan(other);
  });

  const record = { url: "https://a.example/a/b?c=/d/", route: "articles", tags: ["red"] };

  it.each([
    { id: "another tag", tags: ["tag:blue"], prefixes: [] },
    { id: "a directory below", tags: [], prefixes: ["/a/b/"] },
    { id: "a directory of the query", tags: [], prefixes: ["/a/b?c=/"] },
    { id: "another host", tags: [], prefixes: ["https://b.example/a/"] },
    { id: "nothing", tags: [], prefixes: [] },
  ])("do not intersect for $id", ({ tags, prefixes }) => {
    expect(isShared({ tags, prefixes }, record)).toBe(false);
  });

  it.each([
    { id: "another page of the directory", prefixes: ["/a/c"] },
    { id: "another site", prefixes: ["https://b"] },
    { id: "a prefix without a slash", prefixes: ["a"] },
  ])("may intersect although the purge does not cover the record: $id", ({ prefixes }) => {
    const targets = { tags: [], prefixes };
    expect([coveredBy(targets)(record), isShared(targets, record)]).toEqual([false, true]);
  });

  it("have at most 64 characters", () => {
    const url = `https://a.example/${long}/${long}?${long}`;
    const tags = [long, `tag:${long}`];
    const names = [
      ...namesCovering({ url, route: long, tags }),
      ...namesOf({ tags, prefixes: [] }),
    ];
    expect(Math.max(...names.map((name) => name.length))).toBe(64);
  });
});
