// `tidemark journal`: shows past and new purges.
import type { JournalEntry } from "../../../../src/protocol/answers.ts";
import { CommandError, usageError, type ExitCode, exitCode } from "../command-error.ts";
import { type AddCommand, type Session, wholeNumber } from "../session.ts";
import type { SiteClient } from "../site/site-client.ts";
import type { Terminal } from "../terminal.ts";

interface JournalOptions {
  readonly last?: number;
  readonly after?: string;
  readonly follow?: true;
}

const lastUnlessSet = 20;
/** The site's limit for one request. */
const lastMax = 128;
const pollMs = 2_000;

export const addJournal: AddCommand = (program, act) => {
  program
    .command("journal")
    .summary("who purged what, and when")
    .description(
      "Shows the journal, oldest first: a line for each purge, each mark of a loss and each change of the switch. With --json, each line is one entry as JSON.",
    )
    .option(
      "--last <count>",
      `show this many of the newest entries, up to ${lastMax} (default: ${lastUnlessSet})`,
      wholeNumber(1, lastMax),
    )
    .option("--after <position>", "all entries after this position")
    .option("--follow", "keep polling every 2 s for new entries; Ctrl-C ends it, with exit code 0")
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
    throw refused("--last and --after both set the start.", "Write only one of them.");
  }
  if (after !== undefined && !/^\d{1,16}(?:-\d{1,16})?$/.test(after)) {
    const why = `${JSON.stringify(after.slice(0, 80))} is not a position.`;
    throw refused(why, "Write a position from the journal, such as 1795273366499-0.");
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

const refused = (why: string, hint: string) =>
  usageError({ what: "The journal was not read.", why, hint });

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

/**
 * Shows the entries after a position. Returns the position of the last entry, or `after` if there
 * are none.
 */
async function shownAfter(after: string, client: SiteClient, terminal: Terminal): Promise<string> {
  for (let end = after; ;) {
    const query = { after: end, count: String(lastMax) };
    const { entries, next } = await client.json("journal", { query });
    show(entries, terminal);
    end = entries.at(-1)?.position ?? end;
    if (next === null || entries.length === 0) return end;
  }
}

/** Polls for new entries. Retries after failures, and reports each kind of failure once. */
async function followed(from: string, client: SiteClient, session: Session): Promise<ExitCode> {
  const { terminal, world } = session;
  let end = from;
  let trouble = "";
  for (;;) {
    await world.sleep(pollMs);
    if (world.interrupted.aborted) return exitCode.done;
    try {
      end = await shownAfter(end, client, terminal);
      if (trouble !== "") terminal.note("The journal can be read again.");
      trouble = "";
    } catch (cause) {
      if (world.interrupted.aborted) return exitCode.done;
      if (!(cause instanceof CommandError)) throw cause;
      if (cause.message !== trouble) terminal.note(`${cause.message} Retrying every 2 s.`);
      trouble = cause.message;
    }
  }
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
  const deed = mode === "soft" ? "makes stale" : "purges";
  return `${deed} ${targetsOf(entry)}`;
}

function switched(bypass: boolean | readonly string[]): string {
  if (bypass === true) return "switches everything to the origin";
  if (bypass === false || bypass.length === 0) return "switches back to the cache";
  return `switches routes to the origin: ${bypass.join(", ")}`;
}

const kinds = ["tags", "urls", "prefixes", "hosts", "routes", "groups"] as const;

function targetsOf(entry: JournalEntry): string {
  if (entry.everything === true) return "everything";
  const named = kinds.flatMap((kind) => {
    const targets = entry[kind] ?? [];
    return targets.length === 0 ? [] : [`${kind} ${targets.join(", ")}`];
  });
  return named.length === 0 ? "nothing" : named.join("; ");
}
