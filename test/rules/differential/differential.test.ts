// Compares Tidemark's rules with the package http-cache-semantics on generated exchanges. An entry
// of the list explains each difference, and each entry occurs.
import { readFileSync } from "node:fs";
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

  it("has the same entries as docs/differences.md", () => {
    const text = readFileSync(new URL("../../../docs/differences.md", import.meta.url), "utf8");
    const rows = text.split("\n").filter((line) => line.startsWith("| `"));
    const complete = /^\| (`[\w-]+`(?:, `[\w-]+`)*) \| [^|]+ \| (?:RFC \d+ )?§[^|]+ \|$/;
    const idsOf = (row: string) =>
      complete.exec(row)?.[1]?.replaceAll("`", "").split(", ") ?? [row];
    expect(rows.flatMap(idsOf).sort()).toEqual(differences.map(({ id }) => id).sort());
  });

  it("says for each entry in docs/differences.md who follows the clause", () => {
    const text = readFileSync(new URL("../../../docs/differences.md", import.meta.url), "utf8");
    const [introduction = "", ...sections] = text.split(/^## /m);
    expect(introduction).not.toMatch(/^\| `/m);
    expect(sections.map((section) => section.split("\n", 1)[0])).toEqual([
      "Tidemark follows the clause",
      "The clause allows both",
      "The package follows the clause",
    ]);
  });
});
