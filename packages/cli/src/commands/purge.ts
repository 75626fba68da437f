// `tidemark purge`: purges responses from the cache.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import type { PurgeOrder } from "../../../../src/protocol/purge-order.ts";
import { type Answer, type AskFailure, fetchPage } from "../asking/fetch-page.ts";
import { CommandError, failure, usageError, exitCode } from "../command-error.ts";
import { type AddCommand, repeated, repeatedUrl, type Session } from "../session.ts";
import { type SiteClient, passingCodes } from "../site/site-client.ts";
import { tableOf } from "../terminal.ts";
import type { World } from "../world.ts";

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
  readonly refresh?: readonly string[];
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
    .option("--refresh <url>", "a page that the site fetches again, up to 50", repeatedUrl)
    .option("--reason <text>", "a reason, for readers of the journal")
    .option("--dry-run", "purge nothing, and show what would be covered")
    .option("--wait", "wait until the purge applies everywhere, then show what purged URLs answer")
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
  if (options.dryRun === true && options.wait === true) throw nothingToWaitFor();
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
  const { position, visibleWithinSeconds, refreshing, readAs = [], notes = [] } = accepted;
  const seen = options.wait === true ? await waited(accepted, order, world) : [];
  const hasWaited = options.wait === true && !world.interrupted.aborted;
  terminal.json(hasWaited ? { ...accepted, seen } : accepted);
  const where = accepted.reach === "process" ? "only in the process that answered" : "everywhere";
  const when = hasWaited ? "" : ` within ${visibleWithinSeconds} s`;
  terminal.print(`Purged: position ${position}. It applies ${where}${when}.`);
  if (refreshing !== undefined) terminal.print(`Pages that the site fetches again: ${refreshing}.`);
  for (const { sent: name, as } of readAs)
    terminal.print(`  ${name} is read as ${[as].flat().join(", ")}`);
  for (const note of notes) terminal.print(`  ${note}`);
  if (options.wait === true && !hasWaited) return exitCode.interrupted;
  for (const line of seen.length > 0 ? tableOf([heads, ...seen.map(rowOf)]) : []) {
    terminal.print(line);
  }
  for (const why of new Set(seen.flatMap((one) => one.why ?? []))) terminal.print(why);
  const isLate = seen.some(({ version }) => version === "old");
  return isLate ? exitCode.findings : exitCode.done;
}

/** The answer to a purged URL at the deadline, as seen from this machine. */
interface SeenUrl {
  readonly url: string;
  /** The colo that answered; `-` if unknown. */
  readonly colo: string;
  /** `old`: generated before an answer that the purge's position made new. */
  readonly version: "new" | "old" | "unknown";
  /** The field `Cache-Status`, or why there was no answer. */
  readonly status: string;
  /** Why the version is unknown although the URL answered. */
  readonly why?: string | undefined;
}

const softWhy =
  "unknown: A soft purge lets old responses answer during a refresh, so the command cannot tell.";
const olderWhy =
  "unknown: Even to the purge's position, the site gave an answer from before the purge, or the origin's clock is behind.";

const heads = ["url", "colo", "version", "cache-status"];
const rowOf = ({ url, colo, version, status }: SeenUrl) => [url, colo, version, status];

/** The maximum number of URLs that the command requests. */
const urlsMax = 20;
const answerMsMaxUsual = 30_000;

/**
 * Waits until the end of N, and requests purged URLs. Compares each answer with one that the position
 * of a hard purge makes new at once: a response from before that has an earlier `Date`.
 */
async function waited(
  { visibleWithinSeconds, visibleBy, setCookie }: OperatorAnswer<"purge">,
  { urls = [], mode }: PurgeOrder,
  world: World,
): Promise<SeenUrl[]> {
  const waitMs = visibleWithinSeconds * 1_000;
  const endsAtMs = world.nowAtMs() + waitMs;
  const answerMsMax = Math.min(waitMs, answerMsMaxUsual);
  const [cookie] = setCookie?.split(";", 1) ?? [];
  const asked = urls.slice(0, urlsMax);
  const all = (headers: Record<string, string>) => {
    const how = { headers, answerMsMax, needsBody: false };
    return Promise.all(asked.map((url) => fetchPage(url, how, world)));
  };
  try {
    const news = cookie === undefined || mode === "soft" ? [] : await all({ cookie });
    await world.sleep(Math.max(0, endsAtMs - world.nowAtMs()));
    const answers = await all({});
    const acceptedAtMs = Date.parse(visibleBy) - waitMs;
    return answers.map((answer, at) => {
      const newAtMs = dateOf(news[at]);
      // `Date` has whole seconds.
      const isOlder = newAtMs + 1_000 <= acceptedAtMs;
      const why = mode === "soft" ? softWhy : isOlder ? olderWhy : undefined;
      return seenIn(answer, asked[at] ?? "", { newAtMs, why });
    });
  } catch (cause) {
    if (world.interrupted.aborted) return [];
    throw cause;
  }
}

function seenIn(
  answer: Answer | AskFailure,
  url: string,
  { newAtMs, why }: { readonly newAtMs: number; readonly why: SeenUrl["why"] },
): SeenUrl {
  if (answer.kind === "failed") return { url, colo: "-", version: "unknown", status: answer.why };
  const { headers } = answer;
  const atMs = dateOf(answer);
  const known = atMs < newAtMs ? "old" : "new";
  return {
    url,
    colo: headers.get("cf-ray")?.split("-")[1] ?? "-",
    version: why !== undefined || Number.isNaN(atMs - newAtMs) ? "unknown" : known,
    status: headers.get("cache-status") ?? `status ${answer.status}, no Cache-Status`,
    ...(why !== undefined && { why }),
  };
}

/** Returns NaN for an answer that states no date. */
function dateOf(answer: Answer | AskFailure | undefined): number {
  return answer?.kind === "answered" ? Date.parse(answer.headers.get("date") ?? "") : NaN;
}

const nothingToWaitFor = () =>
  usageError({
    what: "Nothing was sent.",
    why: "--dry-run purges nothing, so --wait has nothing to wait for.",
    hint: "Leave out one of the two.",
  });

const forSeveral = "For several tags, write --tag before each.";

function orderOf(options: PurgeOptions, origin: string): PurgeOrder {
  const { tag, url, prefix, host, route, everything, soft, refresh, reason, dryRun } = options;
  const named = [tag, url, prefix, host, route, everything];
  if (named.every((one) => one === undefined)) {
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
    ...(refresh && { refresh }),
    ...(reason !== undefined && { reason }),
    ...(dryRun && { dryRun }),
  };
}

const triesMax = 4;
const waitMsFirst = 1_000;

/** Retries with the same id if the purge may have been accepted. A repeated purge does no harm. */
export async function sent(
  order: PurgeOrder,
  client: SiteClient,
  { terminal, world }: Session,
  id: string = crypto.randomUUID(),
) {
  const headers = { "webhook-id": id };
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
    ...(typeof shared === "object" && shared.whyNotWhole ? [`  ${shared.whyNotWhole}`] : []),
    ...urls.map((url) => `  ${url}`),
    ...notes.map((note) => `  ${note}`),
    limits,
  ];
}
