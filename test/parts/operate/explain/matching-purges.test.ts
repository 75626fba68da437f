// Tests which entries of the journal an explanation lists for a copy.
import { expect, it } from "vitest";
import { matchingPurges } from "../../../../src/parts/operate/explain/matching-purges.ts";
import { markOf } from "../../../../src/purge/journal/entry.ts";

const at = { position: "5000-0", n: "n" };
const stored = {
  url: "https://a.example/",
  route: "",
  tags: [],
  requestedAtMs: 6_000,
  colo: "",
  respondedAtMs: 6_000,
  fillCostMs: 0,
  stamp: "none",
} as const;

it.each([
  { id: "the journal's beginning", mark: markOf("", "n"), deciding: undefined, count: 0 },
  { id: "the beginning, which decides", mark: markOf("", "n"), deciding: "5000-0", count: 1 },
  { id: "a loss", mark: markOf("4000-0 m", "n"), deciding: undefined, count: 1 },
])(
  "an explanation lists a mark only after a loss, or if the mark decides: $id",
  ({ mark, deciding, count }) => {
    const told = matchingPurges([{ ...mark, ...at }], { stored, url: stored }, deciding);
    expect([told.count, told.newest.length]).toEqual([count, count]);
    expect(told.askedAt).toBe("1970-01-01T00:00:06.000Z");
  },
);
