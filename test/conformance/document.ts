// The parts of docs/internals/conformance.md that a run writes.
import { type Edition, reasonsFor } from "./misses.ts";
import type { Kind, PublishedResults, Results, SuiteTest } from "./suite.ts";

const judged = ["required", "optimal"] as const;
const kinds = [...judged, "check"] as const;
const nameOf = { required: "required", optimal: "optimal", check: "observed" } as const;

interface Outcome {
  readonly tests: readonly SuiteTest[];
  readonly results: Results;
}

/** One run of one edition of the suite, as shipped or configured. */
export interface Run extends Outcome {
  readonly edition: Edition;
  readonly isAsShipped: boolean;
  /** Results of other caches for the same tests. */
  readonly published: readonly PublishedResults[];
}

/** Returns the document with its part about a run replaced. */
export function withRun(document: string, run: Run): string {
  const { from, to } = boundsOf(document, run);
  const text = (run.isAsShipped ? shippedSections : configuredSections)(run).join("\n\n");
  return `${document.slice(0, from)}\n\n${text}\n\n${document.slice(to)}`;
}

/** Returns the name of a run, such as "head, as shipped". */
export const partOf = ({ edition, isAsShipped }: Pick<Run, "edition" | "isAsShipped">): string =>
  `${edition}, ${isAsShipped ? "as shipped" : "configured"}`;

const missesHead = ["required, not passed", "why"];
const optimalMisses = "`test/conformance/misses.ts` has the reasons for optimal tests.";
const sourceOfOthers = "The results of the other caches come from the suite's commit b55b8bd.";

function configuredSections(run: Run): string[] {
  const misses = missed(run);
  return [
    `Configured, Tidemark passes ${tally(run)} tests.`,
    ...(run.edition === "head" ? [table(missesHead, misses), optimalMisses] : []),
    ...(run.published.length > 0
      ? [sourceOfOthers, table(standingsHead(run), standings(run))]
      : []),
  ];
}

const shippedSections = (run: Run): string[] => [
  `As shipped, Tidemark passes ${tally(run)} tests.`,
];

const passed = (kind: Kind, { tests, results }: Outcome): SuiteTest[] =>
  tests.filter((test) => test.kind === kind && results.get(test.id) === "passed");

const failed = (kind: Kind, { tests, results }: Outcome): SuiteTest[] =>
  tests.filter((test) => test.kind === kind && results.get(test.id) !== "passed");

const countOf = (kind: Kind, tests: readonly SuiteTest[]) =>
  tests.filter((test) => test.kind === kind).length;

/** Returns how many tests of each kind were passed, for example "152 of 160 required, …". */
export function tally(run: Run): string {
  const counts = kinds.map(
    (kind) => `${passed(kind, run).length} of ${countOf(kind, run.tests)} ${nameOf[kind]}`,
  );
  return counts.join(", ");
}

function boundsOf(document: string, run: Run): { from: number; to: number } {
  const part = partOf(run);
  const [begin, end] = [`<!-- begin: ${part} -->`, `<!-- end: ${part} -->`];
  const [from, to] = [document.indexOf(begin) + begin.length, document.indexOf(end)];
  if (from < begin.length || to < from) {
    throw new Error(`docs/internals/conformance.md has lost its lines ${begin} and ${end}.`);
  }
  return { from, to };
}

/**
 * Returns a row for each reason why a required test is not passed.
 *
 * @throws Error naming a required or optimal miss without a reason
 */
function missed(run: Run): string[][] {
  const reasons = reasonsFor(run.edition);
  const reasonOf = ({ id }: SuiteTest): string => {
    const why = reasons[id];
    if (why === undefined) throw new Error(`${id} is not passed, and misses.ts does not say why.`);
    return why;
  };
  const misses = judged.flatMap((kind) => failed(kind, run));
  const byReason = [...Map.groupBy(misses, reasonOf)];
  return byReason.flatMap(([why, tests]) => {
    const required = tests.filter(({ kind }) => kind === "required");
    return required.length === 0 ? [] : [[listed(required), why]];
  });
}

const listed = (tests: readonly SuiteTest[]): string =>
  tests.map(({ id }) => `\`${id}\``).join(", ");

function standingsHead({ tests }: Run): string[] {
  return ["cache", ...judged.map((kind) => `${kind} of ${countOf(kind, tests)}`)];
}

function standings(run: Run): string[][] {
  const row = (name: string, results: Results): [string, ...number[]] => {
    const counts = judged.map((kind) => passed(kind, { tests: run.tests, results }).length);
    return [name, ...counts];
  };
  const theirs = run.published.map(({ name, version, results }) =>
    row(`${name} ${version}`, results),
  );
  const rows = [row("**Tidemark, configured**", run.results), ...theirs];
  return rows.sort((a, b) => Number(b[1]) - Number(a[1])).map((cells) => cells.map(String));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
