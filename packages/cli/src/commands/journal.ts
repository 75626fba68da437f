// `tidemark journal`: who purged what, and when; also as it happens.
import type { JournalEntry } from "../../../../src/protocol/answers.ts";
import { CommandError, usageError } from "../command-error.ts";
import { type ExitCode, exitCode } from "../exit-code.ts";
import { entryLine } from "../journal/entry-line.ts";
import type { AddCommand } from "../session.ts";
import { type Session, wholeNumber } from "../session.ts";
import type { SiteClient } from "../site/site-client.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface JournalOptions {
  readonly last?: number;
  readonly after?: string;
  readonly follow?: true;
}

const lastUnlessSet = 20;
/** The most that the site tells at once. */
const lastMax = 128;
const pollMs = 2_000;

export const addJournal: AddCommand = (program, act) => {
  program
    .command("journal")
    .summary("who purged what, and when")
    .description(
      "Shows the journal, the oldest first: a line for each purge, each mark of a loss and each use of the switch. With --json, each line is one entry as JSON.",
    )
    .option(
      "--last <count>",
      `show this many of the newest entries, up to ${lastMax} (default: ${lastUnlessSet})`,
      wholeNumber(1, lastMax),
    )
    .option("--after <position>", "all that came after this position")
    .option("--follow", "go on, and ask every 2 s for more; Ctrl-C ends it, with exit code 0")
    .addHelpText("after", examples)
    .action(act<JournalOptions>(journal));
};

const examples = `
Examples:
  tidemark journal --last 5
  tidemark journal --after 1795273366499-0
  tidemark journal --follow --json`;

async function journal(session: Session, options: JournalOptions): Promise<ExitCode> {
  const { last, after, follow } = options;
  if (last !== undefined && after !== undefined) {
    throw refused("--last and --after both say where to begin.", "Write one of them.");
  }
  if (after !== undefined && !/^\d{1,16}(?:-\d{1,16})?$/.test(after)) {
    const why = `${JSON.stringify(after.slice(0, 80))} is no position.`;
    throw refused(why, "Write one that the journal shows, such as 1795273366499-0.");
  }
  const client = await session.client();
  const { terminal } = session;
  if (after === undefined) {
    const query = { last: String(last ?? lastUnlessSet) };
    const { entries } = await client.json("journal", { query });
    show(entries, terminal);
    const end = entries.at(-1)?.position ?? "0";
    return follow === true ? followed(end, client, session) : ended(entries, terminal);
  }
  const end = await shownAfter(after, client, terminal);
  return follow === true
    ? followed(end, client, session)
    : ended(end === after ? [] : [end], terminal);
}

const refused = (why: string, mend: string) =>
  usageError({ what: "The journal was not asked.", why, mend });

function ended(shown: readonly unknown[], terminal: Terminal): ExitCode {
  if (shown.length === 0) terminal.note("The journal has no such entries.");
  return exitCode.done;
}

function show(entries: readonly JournalEntry[], terminal: Terminal): void {
  for (const entry of entries) {
    terminal.json(entry);
    terminal.print(entryLine(entry));
  }
}

/** @returns the position of the last one, or `after` where none came after it */
async function shownAfter(after: string, client: SiteClient, terminal: Terminal): Promise<string> {
  for (let end = after; ;) {
    const query = { after: end, count: String(lastMax) };
    const { entries, next } = await client.json("journal", { query });
    show(entries, terminal);
    end = entries.at(-1)?.position ?? end;
    if (next === null || entries.length === 0) return end;
  }
}

/** A question that fails is told once for each way in which it fails, and asked again. */
async function followed(from: string, client: SiteClient, session: Session): Promise<ExitCode> {
  const { terminal, world } = session;
  let end = from;
  let trouble = "";
  for (;;) {
    await world.sleep(pollMs);
    if (world.interrupted.aborted) return exitCode.done;
    try {
      end = await shownAfter(end, client, terminal);
      if (trouble !== "") terminal.note("The journal is told again.");
      trouble = "";
    } catch (cause) {
      if (world.interrupted.aborted) return exitCode.done;
      if (!(cause instanceof CommandError)) throw cause;
      if (cause.message !== trouble) terminal.note(`${cause.message} It is asked again every 2 s.`);
      trouble = cause.message;
    }
  }
}
