// Tests how a mutation run compares survivors with the table of explained mutants.
import { expect, it } from "vitest";
import {
  judge,
  mutationTable,
  type Survivor,
  withoutStaticSurvivors,
} from "../../bench/mutation/judge.ts";

const file = "src/rules/a.ts";
const source = "if (a ||\n  b) return 1;\nreturn 2;\n";
const [firstLine, secondLine, thirdLine] = [1, 2, 3];
const mutant = (
  status: string,
  replacement: string,
  [line, column]: [number, number],
  end: [number, number],
) => ({
  status,
  replacement,
  location: { start: { line, column }, end: { line: end[0], column: end[1] } },
});
const killed = mutant("Killed", "true", [firstLine, 5], [secondLine, 4]);
const joined = mutant("Survived", "false", [firstLine, 5], [secondLine, 4]);
const uncovered = mutant("NoCoverage", "0", [thirdLine, 8], [thirdLine, 9]);
const timedOut = mutant("Timeout", "3", [thirdLine, 8], [thirdLine, 9]);

const reportOf = (...mutants: (typeof killed)[]) => ({ files: { [file]: { source, mutants } } });
const knowing = (...mutants: string[]) => [{ file, reason: "equivalent", mutants }];

it.each([
  { id: "none survives", report: reportOf(killed, timedOut), known: [], findings: [] },
  {
    id: "a survivor over two lines, and one without a test",
    report: reportOf(joined, uncovered, killed),
    known: [],
    findings: [
      `${file}: no test notices: if (a || b) return 1; -> if (false) return 1;`,
      `${file}: no test notices: return 2; -> return 0;`,
    ],
  },
  {
    id: "an explained survivor",
    report: reportOf(joined),
    known: knowing("if (a || b) return 1; -> if (false) return 1;"),
    findings: [],
  },
  {
    id: "an explained mutant that a test kills",
    report: reportOf(killed),
    known: knowing("if (a || b) return 1; -> if (true) return 1;"),
    findings: [
      `stale entry of explained.ts: ${file}: if (a || b) return 1; -> if (true) return 1;`,
    ],
  },
  {
    id: "an entry that matches two survivors",
    report: reportOf(uncovered, uncovered),
    known: knowing("return 2; -> return 0;"),
    findings: [`${file}: no test notices: return 2; -> return 0;`],
  },
  {
    id: "an explained survivor beside another line that becomes the same",
    report: {
      files: {
        [file]: {
          source: "if (a) return;\nif (b) return;\n",
          mutants: [
            mutant("Survived", "false", [1, 5], [1, 6]),
            mutant("Survived", "false", [2, 5], [2, 6]),
          ],
        },
      },
    },
    known: knowing("if (b) return; -> if (false) return;"),
    findings: [`${file}: no test notices: if (a) return; -> if (false) return;`],
  },
  {
    id: "an entry for another file",
    report: reportOf(uncovered),
    known: [{ file: "src/rules/b.ts", reason: "equivalent", mutants: ["return 2; -> return 0;"] }],
    findings: [
      `${file}: no test notices: return 2; -> return 0;`,
      "stale entry of explained.ts: src/rules/b.ts: return 2; -> return 0;",
    ],
  },
])("judges survivors: $id", ({ report, known, findings }) => {
  expect(judge(report, known, (survivors) => survivors).findings).toEqual(findings);
});

it("counts no mutant that does not compile, and explained ones as survivors", () => {
  const known = knowing("return 2; -> return 0;");
  const compiling = (survivors: readonly Survivor[]) =>
    survivors.filter(({ source: changed }) => changed !== "if (false) return 1;\nreturn 2;\n");
  const { counts } = judge(reportOf(killed, timedOut, joined, uncovered), known, compiling);
  expect(counts).toEqual([{ file, killed: 2, explained: 1, unexplained: 0 }]);
  expect(mutationTable(counts)).toContain("| all | 2 | 1 | 0 | 66.7 % |");
});

it("repeats only the survivors in constants", () => {
  const inConstant = { ...uncovered, static: true };
  const killedInConstant = { ...killed, static: true };
  expect(withoutStaticSurvivors(reportOf(inConstant, killedInConstant, joined))).toEqual(
    reportOf(killedInConstant, joined),
  );
});
