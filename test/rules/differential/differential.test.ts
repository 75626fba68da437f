// Compares Tidemark's rules with the package http-cache-semantics on generated exchanges. An entry
// of the list explains each difference, and each entry occurs.
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { differences } from "./differences.ts";
import { type Exchange, exchangeAbout, type Subject, subjects } from "./exchange.ts";
import { type Survey, survey, unexplained } from "./survey.ts";
import { playsAll, shareOf } from "../../../testing/histories.ts";

// http-cache-semantics reads one form of dates in local time, so the time zone must differ from
// UTC.
process.env["TZ"] = "America/New_York";

const seed = 7;
const runs: Readonly<Record<Subject, number>> = {
  storing: shareOf(8_000),
  use: shareOf(9_000),
  selection: shareOf(2_000),
};

const sampled = (subject: Subject): Exchange[] =>
  [false, true].flatMap((heuristics) =>
    fc.sample(exchangeAbout(subject, heuristics), { seed, numRuns: runs[subject] }),
  );

let found: Survey;
beforeAll(() => {
  found = survey({
    storing: sampled("storing"),
    use: sampled("use"),
    selection: sampled("selection"),
  });
});

describe("Tidemark and http-cache-semantics", () => {
  it("differ only in ways that the list explains", () => {
    if (found.unexplained.length === 0) return;
    const failing = new Set(found.unexplained.map(({ aspect }) => aspect));
    // fast-check finds the difference again, and looks for the shortest exchange that shows it.
    for (const subject of subjects) {
      for (const heuristics of [false, true]) {
        fc.assert(
          fc.property(exchangeAbout(subject, heuristics), (exchange) => {
            for (const aspect of failing) expect(unexplained(aspect, exchange)).toBe(undefined);
          }),
          { seed, numRuns: runs[subject] },
        );
      }
    }
    expect(found.unexplained).toEqual([]);
  });

  it("are compared often enough in every aspect", () => {
    for (const count of Object.values(found.compared))
      expect(count).toBeGreaterThan(shareOf(2_000));
  });
});

describe("the list of differences", () => {
  // The two tests need all exchanges, because a part of these does not show each difference.
  it.runIf(playsAll)(
    "contains only entries that explain a difference in each of their aspects",
    () => {
      const unused = found.tallies.filter(({ explained }) => explained === 0);
      expect(unused).toEqual([]);
    },
  );

  it.runIf(playsAll)("contains no case that is broader than its agreedShareMax", () => {
    const tooBroad = found.tallies.filter(({ id, aspect, alone, explained }) => {
      const most = differences.find((one) => one.id === id)?.agreedShareMax[aspect] ?? 0;
      return 1 - explained / alone > most;
    });
    expect(tooBroad).toEqual([]);
  });
});
