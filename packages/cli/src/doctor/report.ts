// Prints doctor's findings for people.
import { summaryOf } from "../../../../src/protocol/finding.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { DoctorFinding, Examination } from "./finding.ts";

const styles = { critical: "red", warning: "yellow", info: "cyan" } as const;

export function printReport(
  { findings, lookedAt, notLookedAt }: Examination,
  terminal: Terminal,
): void {
  terminal.print(summaryOf(findings));
  for (const finding of findings) printFinding(finding, terminal);
  printList("Checked:", lookedAt, terminal);
  printList("Not checked:", notLookedAt, terminal);
}

function printFinding(finding: DoctorFinding, terminal: Terminal): void {
  const { code, level, about, what, cause, remedy } = finding;
  terminal.print("");
  const head = { style: styles[level], text: `${level}  ${code}` };
  terminal.print(head, about === undefined ? "" : `  ${about}`);
  terminal.print(`  ${what}`);
  terminal.print(`  Why: ${cause}`);
  terminal.print(`  Do:  ${remedy}`);
}

function printList(head: string, lines: readonly string[], terminal: Terminal): void {
  if (lines.length === 0) return;
  terminal.print("");
  terminal.print(head);
  for (const line of lines) terminal.print(`  ${line}`);
}
