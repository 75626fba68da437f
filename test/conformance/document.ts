// The part of docs/conformance.md that is written by a run, and read back to hold the next to it.
import { whyMissed } from "./misses.ts";
import { peers } from "./peers.ts";
import { type Kind, type Results, type SuiteTest, suiteTests } from "./suite.ts";

const begin = "<!-- Written by `npm run conformance -- --write`. -->";
const judged = ["required", "optimal"] as const;

/** @returns the document with the results of a run in place of those it had */
export function withResults(document: string, results: Results): string {
  const needless = Object.keys(whyMissed).filter((id) => results.get(id) === "passed");
  if (needless.length > 0)
    throw new Error(`misses.ts explains what is passed: ${needless.join()}.`);
  const kinds = judged.map(heading);
  const caches = ["Tidemark", ...peers.map(({ name }) => name)];
  const sections: readonly [title: string, head: readonly string[], rows: string[][]][] = [
    ["Beside other caches", ["cache", ...kinds], standings(results)],
    ["Required, and not passed", ["test", "why"], missed("required", results)],
    ["Optimal, and not passed", ["test", "why"], missed("optimal", results)],
    ["By suite", ["suite", "tests", ...caches], bySuite(results)],
    ["Every test", ["suite", "test", "kind", "passed"], everyTest(results)],
  ];
  const tables = sections.map(([title, head, rows]) => `## ${title}\n\n${table(head, rows)}`);
  return `${document.slice(0, startOf(document))}${begin}\n\n${tables.join("\n\n")}\n`;
}

/** @returns the results that the document states; those it does not name are absent */
export function statedResults(document: string): Results {
  const rows = document
    .slice(startOf(document))
    .matchAll(/^\| \S+ \| `(.+)` \| (?:required|optimal|check) \| (yes|no) \|$/gm);
  return new Map([...rows].map(([, id = "", said]) => [id, said === "yes" ? "passed" : "not"]));
}

function startOf(document: string): number {
  const at = document.indexOf(begin);
  if (at < 0) throw new Error(`docs/conformance.md has lost its line ${JSON.stringify(begin)}.`);
  return at;
}

export const passedOf = (results: Results, tests: readonly SuiteTest[]): SuiteTest[] =>
  tests.filter(({ id }) => results.get(id) === "passed");

const ofKind = (kind: Kind) => suiteTests.filter((test) => test.kind === kind);
const heading = (kind: Kind) => `${kind} of ${ofKind(kind).length}`;

function standings(results: Results): string[][] {
  const ours = judged.map((kind) => passedOf(results, ofKind(kind)).length);
  const theirs = peers.map(({ name, version, passed }) => {
    const sums = [0, 1].map((kind) =>
      Object.values(passed).reduce((sum, counts) => sum + (counts[kind] ?? 0), 0),
    );
    return [`${name} ${version}`, ...sums];
  });
  const all = [["**Tidemark**", ...ours], ...theirs];
  return all.sort((a, b) => Number(b[1]) - Number(a[1])).map((row) => row.map(String));
}

/** @throws Error naming a miss that has no reason */
function missed(kind: Kind, results: Results): string[][] {
  const ids = ofKind(kind).filter(({ id }) => results.get(id) !== "passed");
  return ids.map(({ id }) => {
    const why = whyMissed[id];
    if (why === undefined) throw new Error(`${id} is not passed, and misses.ts does not say why.`);
    return [`\`${id}\``, why];
  });
}

function bySuite(results: Results): string[][] {
  const suites = [...new Set(suiteTests.map(({ suite }) => suite))];
  return suites.map((suite) => {
    const tests = judged.map((kind) => ofKind(kind).filter((test) => test.suite === suite));
    const ours = tests.map((some) => passedOf(results, some).length);
    const theirs = peers.map(({ passed }) => passed[suite] ?? [0, 0]);
    const counts = [tests.map((some) => some.length), ours, ...theirs];
    return [suite].concat(counts.map((pair) => pair.join(" + ")));
  });
}

function everyTest(results: Results): string[][] {
  return suiteTests.map(({ suite, id, kind }) => [
    suite,
    `\`${id}\``,
    kind,
    results.get(id) === "passed" ? "yes" : "no",
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
