// `tidemark journal`: shows past purges.
import type { JournalEntry } from "../../../../src/protocol/answers.ts";
import { type ExitCode, exitCode } from "../command-error.ts";
import { type AddCommand, type Session, wholeNumber } from "../session.ts";

interface JournalOptions {
  readonly last: number;
}

/** The site's limit for one request. */
const lastMax = 128;

export const addJournal: AddCommand = (program, act) => {
  program
    .command("journal")
    .summary("who purged what, and when")
    .description(
      "Shows the journal, oldest first: a line for each purge, each mark of a loss and each change of the switch. With --json, each line is one entry as JSON.",
    )
    .option(
      "--last <count>",
      `show this many of the newest entries, up to ${lastMax}`,
      wholeNumber(1, lastMax),
      20,
    )
    .addHelpText("after", examples)
    .action(act<JournalOptions>(journal));
};

const examples = `
Examples:
  tidemark journal --last 5
  tidemark journal --last 128 --json`;

async function journal(session: Session, { last }: JournalOptions): Promise<ExitCode> {
  const { terminal } = session;
  const client = await session.client();
  const { entries } = await client.json("journal", { query: { last: String(last) } });
  for (const entry of entries) {
    terminal.json(entry);
    terminal.print(entryLine(entry));
  }
  if (entries.length === 0) terminal.note("The journal has no entries.");
  return exitCode.done;
}

/** Returns text such as `2026-11-21T15:02:45.888Z  1795273365888-0  admin  purges tags a, b, reason "a correction"`. */
export function entryLine(entry: JournalEntry): string {
  const { at, position, by, reason } = entry;
  const why = reason === "" ? "" : `, reason ${JSON.stringify(reason)}`;
  const when = at ?? "at an invalid time";
  return `${when}  ${position}  ${by}  ${deedOf(entry)}${why}`;
}

function deedOf(entry: JournalEntry): string {
  const { bypass, lost, by, mode } = entry;
  if (bypass !== undefined) return switched(bypass);
  if (lost !== undefined)
    return `marks that entries were lost after ${lost}, and purges everything`;
  if (by === "tidemark") return "marks where the journal begins, and purges everything";
  return `${mode === "soft" ? "makes stale" : "purges"} ${targetsOf(entry)}`;
}

function switched(bypass: boolean | readonly string[]): string {
  if (bypass === true) return "switches everything to the origin";
  if (bypass === false || bypass.length === 0) return "switches back to the cache";
  return `switches routes to the origin: ${bypass.join(", ")}`;
}

const kinds = ["tags", "urls", "prefixes", "hosts", "routes", "groups", "releases"] as const;

function targetsOf(entry: JournalEntry): string {
  if (entry.everything === true) return "everything";
  const named = kinds.flatMap((kind) => {
    const targets = entry[kind] ?? [];
    return targets.length === 0 ? [] : [`${kind} ${targets.join(", ")}`];
  });
  return named.length === 0 ? "nothing" : named.join("; ");
}
