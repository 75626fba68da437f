// `tidemark purge`: purges responses from the cache.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import type { PurgeOrder } from "../../../../src/protocol/purge-order.ts";
import { CommandError, failure, usageError, exitCode } from "../command-error.ts";
import { type AddCommand, repeated, repeatedUrl, type Session } from "../session.ts";
import { type SiteClient, passingCodes } from "../site/site-client.ts";

interface PurgeOptions {
  readonly tag?: readonly string[];
  readonly url?: readonly string[];
  readonly prefix?: readonly string[];
  readonly host?: readonly string[];
  readonly route?: readonly string[];
  readonly everything?: true;
  readonly soft?: true;
  readonly reason?: string;
  readonly dryRun?: true;
  readonly wait?: true;
}

export const addPurge: AddCommand = (program, act) => {
  program
    .command("purge")
    .summary("purge by tag, URL, prefix, host or route")
    .description(
      "Purges responses. The site reports the number of seconds after which no tier uses them any more. --tag, --url, --prefix, --host and --route may be given several times.",
    )
    .option("-t, --tag <tag>", "responses with this tag", repeated)
    .option("-u, --url <url>", "all variants of this URL, or of a path of the site", repeatedUrl)
    .option(
      "-p, --prefix <prefix>",
      "URLs with this prefix: https://host/a/, or /a/ on every host",
      repeated,
    )
    .option("--host <host>", "everything of this host", repeated)
    .option("--route <name>", "everything stored under this route", repeated)
    .option("--everything", "everything; asks first")
    .option("--soft", "only mark responses stale: they may be used during a refresh")
    .option("--reason <text>", "a reason, for readers of the journal")
    .option("--dry-run", "purge nothing, and show what would be covered")
    .option("--wait", "wait until the purge applies everywhere")
    .addHelpText("after", examples)
    .action(act<PurgeOptions>(purge));
};

const examples = `
Examples:
  tidemark purge --tag article:42 --tag front --reason "a correction"
  tidemark purge --url https://www.example.com/news/42 --dry-run
  tidemark purge --everything --soft`;

async function purge(session: Session, options: PurgeOptions) {
  const { terminal, world } = session;
  const client = await session.client();
  const order = orderOf(options, client.site.origin);
  for (const tag of order.tags ?? []) {
    if (tag.includes(",")) terminal.note(`${JSON.stringify(tag)} is one tag. ${forSeveral}`);
  }
  if (order.dryRun === true) {
    const answer = await client.json("dryRun", { method: "POST", body: order });
    terminal.json(answer);
    for (const line of dryRunLines(answer)) terminal.print(line);
    return exitCode.done;
  }
  if (order.everything === true) {
    await terminal.confirmed(`Purge everything of ${client.site.origin}?`);
  }
  const accepted = await sent(order, client, session);
  const { position, visibleWithinSeconds, readAs = [], notes = [] } = accepted;
  if (options.wait === true) await world.sleep(visibleWithinSeconds * 1_000);
  const hasWaited = options.wait === true && !world.interrupted.aborted;
  terminal.json(accepted);
  const since = hasWaited
    ? "It applies everywhere."
    : `It applies everywhere within ${visibleWithinSeconds} s.`;
  terminal.print(`Purged: position ${position}. ${since}`);
  for (const { sent: name, as } of readAs)
    terminal.print(`  ${name} is read as ${[as].flat().join(", ")}`);
  for (const note of notes) terminal.print(`  ${note}`);
  return options.wait === true && !hasWaited ? exitCode.interrupted : exitCode.done;
}

const forSeveral = "For several tags, write --tag before each.";

function orderOf(options: PurgeOptions, origin: string): PurgeOrder {
  const { tag, url, prefix, host, route, everything, soft, reason, dryRun } = options;
  const isNothing = [tag, url, prefix, host, route, everything].every((one) => one === undefined);
  if (isNothing) {
    throw usageError({
      what: "Nothing was purged.",
      why: "No target is specified.",
      hint: "Write --tag, --url, --prefix, --host, --route or --everything.",
    });
  }
  return {
    ...(tag && { tags: tag }),
    ...(url && { urls: url.map((one) => (one.startsWith("/") ? origin + one : one)) }),
    ...(prefix && { prefixes: prefix }),
    ...(host && { hosts: host }),
    ...(route && { routes: route }),
    ...(everything && { everything }),
    ...(soft && { mode: "soft" }),
    ...(reason !== undefined && { reason }),
    ...(dryRun && { dryRun }),
  };
}

const triesMax = 4;
const waitMsFirst = 1_000;

/** Retries with the same id if the purge may have been accepted. A repeated purge does no harm. */
async function sent(order: PurgeOrder, client: SiteClient, { terminal, world }: Session) {
  const headers = { "webhook-id": crypto.randomUUID() };
  for (let tries = 1; ; tries += 1) {
    try {
      return await client.json("purge", { method: "POST", body: order, headers });
    } catch (cause) {
      if (!(cause instanceof CommandError)) throw cause;
      if (cause.code === "interrupted") throw cutOff();
      const isPassing = passingCodes.has(cause.code);
      if (tries === 1 && !isPassing) throw cause;
      // An earlier try got no answer, or an uncertain one, whatever this error is.
      if (!isPassing || tries === triesMax) throw inDoubt(cause, tries);
      const waitMs = waitMsFirst * 2 ** (tries - 1);
      terminal.note(`${cause.message} Retrying in ${waitMs / 1_000} s.`);
      await world.sleep(waitMs);
    }
  }
}

const lookIntoJournal = "To check, run tidemark journal --last 5.";

function cutOff() {
  const fault = {
    what: "The purge was interrupted.",
    why: "It may have been accepted before the interruption.",
    hint: lookIntoJournal,
  };
  return new CommandError(fault, { exitCode: exitCode.interrupted, code: "interrupted" });
}

function inDoubt({ fault: { what, why, hint }, code, cause }: CommandError, tries: number) {
  const text = `${why} The command tried ${tries} times, so the purge may have been accepted.`;
  return failure({ what, why: text, hint: `${hint} ${lookIntoJournal}` }, code, cause);
}

function dryRunLines({
  isolate,
  data,
  shared,
  urls = [],
  notes = [],
  limits,
}: OperatorAnswer<"dryRun">): string[] {
  const found = ({ covered, examined }: { covered: number; examined: number }) =>
    `${covered} of ${examined}`;
  return [
    "Nothing was purged. The purge would cover:",
    `  memory of one isolate: ${found(isolate)}`,
    ...(data ? [`  data in its memory: ${found(data)}`] : []),
    `  shared tier: ${typeof shared === "string" ? shared : found(shared)}`,
    ...urls.map((url) => `  ${url}`),
    ...notes.map((note) => `  ${note}`),
    limits,
  ];
}
