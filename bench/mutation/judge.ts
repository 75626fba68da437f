// Compares the surviving mutants of a run with the explained ones.
import { markdownTable, percent } from "../load/figures.ts";

/** The part of Stryker's report that the bench reads. Lines and columns start at 1. */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: Mutant[] }>>;
}

interface Mutant {
  readonly status: string;
  /** Whether the code runs only while its module loads. */
  readonly static?: boolean;
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** A mutant that no test notices. */
export interface Survivor {
  readonly file: string;
  /** The lines before and after the change: `before -> after`, with single spaces. */
  readonly changed: string;
  /** The whole changed file. */
  readonly source: string;
}

/** Mutants of a file that no test can or need notice, and the reason. */
export interface Explained {
  readonly file: string;
  readonly reason: string;
  /** The changed lines, as in `Survivor`. Each entry explains one survivor. */
  readonly mutants: readonly string[];
}

/** Returns the text of a mutant: the line, and the line with one change. */
export const changedLine = (
  line: string,
  [from, to]: readonly [from: string, to: string],
): string => `${line} -> ${line.replace(from, () => to)}`;

/** The counts of mutants in one file. */
export interface FileCounts {
  readonly file: string;
  readonly killed: number;
  readonly explained: number;
  readonly unexplained: number;
}

/**
 * Judges the files of a report.
 *
 * @param compiling returns the survivors that compile. The others count nowhere, because the
 *   compiler rejects them before any test runs
 * @returns `findings`: a text for each unexplained survivor and each stale entry
 */
export function judge(
  { files }: MutationReport,
  known: readonly Explained[],
  compiling: (survivors: readonly Survivor[]) => readonly Survivor[],
) {
  const survivors = compiling(Object.entries(files).flatMap(survivorsIn));
  const stale = known.flatMap(({ file, mutants }) =>
    mutants.map((changed) => `${file}: ${changed}`),
  );
  const unexplained = survivors.filter(({ file, changed }) => {
    const index = stale.indexOf(`${file}: ${changed}`);
    if (index !== -1) stale.splice(index, 1);
    return index === -1;
  });
  const counts = Object.entries(files).map(([file, { mutants }]): FileCounts => {
    const countIn = (list: readonly Survivor[]) => list.filter((one) => one.file === file).length;
    return {
      file,
      killed: mutants.filter((mutant) => !survives(mutant)).length,
      explained: countIn(survivors) - countIn(unexplained),
      unexplained: countIn(unexplained),
    };
  });
  const findings = [
    ...unexplained.map(({ file, changed }) => `${file}: no test notices: ${changed}`),
    ...stale.map((entry) => `stale entry of explained.ts: ${entry}`),
  ];
  return { counts, findings };
}

function survivorsIn([file, { source, mutants }]: [string, MutationReport["files"][string]]) {
  const lines = source.split("\n");
  return mutants.filter(survives).map(({ location: { start, end }, replacement }): Survivor => {
    const before = lines[start.line - 1]?.slice(0, start.column - 1) ?? "";
    const after = lines[end.line - 1]?.slice(end.column - 1) ?? "";
    const text = `${before}${replacement}${after}`;
    const original = lines.slice(start.line - 1, end.line).join("\n");
    return {
      file,
      changed: `${spaced(original)} -> ${spaced(text)}`,
      source: [...lines.slice(0, start.line - 1), text, ...lines.slice(end.line)].join("\n"),
    };
  });
}

const spaced = (text: string): string => text.trim().replaceAll(/\s+/g, " ");

/**
 * Returns the report without the survivors in constants. Stryker does not notice that a new test
 * covers a constant, so it would report the old result again.
 */
export function withoutStaticSurvivors(report: MutationReport): MutationReport {
  const isKept = (mutant: Mutant) => mutant.static !== true || !survives(mutant);
  const files = Object.entries(report.files).map(([name, file]) => {
    return [name, { ...file, mutants: file.mutants.filter(isKept) }] as const;
  });
  return { ...report, files: Object.fromEntries(files) };
}

function survives({ status }: Mutant): boolean {
  return status === "Survived" || status === "NoCoverage";
}

/** Returns a row for each file, and the sum. The score is the share of killed mutants. */
export function mutationTable(counts: readonly FileCounts[]): string {
  const sum = (of: "killed" | "explained" | "unexplained") =>
    counts.reduce((total, file) => total + file[of], 0);
  const all = {
    file: "all",
    killed: sum("killed"),
    explained: sum("explained"),
    unexplained: sum("unexplained"),
  };
  const rows = [...counts, all].map(({ file, killed, explained, unexplained }) =>
    [
      file,
      killed,
      explained,
      unexplained,
      percent(killed / (killed + explained + unexplained)),
    ].map(String),
  );
  return markdownTable(["file", "killed", "explained", "unexplained", "score"], rows);
}
