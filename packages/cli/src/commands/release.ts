// `tidemark release`: loads the assets of a new build into the cache, and then tells the site the build.
import { InvalidArgumentError } from "commander";
import {
  isReleaseId,
  type PurgeOrder,
  releaseIdForm,
} from "../../../../src/protocol/purge-order.ts";
import { type ExitCode, exitCode, failure, interruption, usageError } from "../command-error.ts";
import { type AddCommand, repeated, type Session } from "../session.ts";
import { readManifest } from "../warm/manifest.ts";
import { type Page, PageList } from "../warm/page-list.ts";
import { sourceNotes } from "../warm/report.ts";
import { type Outcome, WarmRun } from "../warm/warm-run.ts";
import { sent } from "./purge.ts";

interface ReleaseOptions {
  readonly manifest?: readonly string[];
  readonly base?: string;
  readonly hard?: true;
  readonly key?: string;
  readonly reason?: string;
}

export const addRelease: AddCommand = (program, act) => {
  program
    .command("release")
    .summary("tell the site that its origin runs another build")
    .description(
      "Loads the assets of a build through the site, so that all tiers store them. Then purges the pages of routes with the option release, and makes the site store pages of this build only. For a rollback, pass the older build.",
    )
    .argument("<build>", `the build: ${releaseIdForm}`)
    .option(
      "--manifest <source>",
      "the assets, in a file or at a URL: a manifest of Vite, SvelteKit or Next.js, or a list of paths; may be given several times",
      repeated,
    )
    .option("--base <path>", "the path of the folder of the assets, such as /static", pathOf)
    .option("--hard", "let no page of another build answer, even while the origin fails")
    .option("--key <text>", "the name of the deployment, which is told only once", keyOf)
    .option("--reason <text>", "a reason, for readers of the journal")
    .addHelpText("after", examples)
    .action(act<ReleaseOptions>(release));
};

const examples = `
Examples:
  tidemark release "$GITHUB_SHA" --manifest dist/.vite/manifest.json
  tidemark release 4f2c9a1 --reason "a rollback"

Exit code: 1 if an asset cannot be loaded. Nothing is purged then.`;

async function release(
  session: Session,
  { manifest: sources = [], base, hard, key, reason }: ReleaseOptions,
  [build = ""]: readonly string[],
): Promise<ExitCode> {
  const { terminal, world } = session;
  if (!isReleaseId(build)) throw noBuild(build);
  const client = await session.client();
  const pages = new PageList(client.site);
  for (const source of sources) await readManifest(source, { pages, world, base });
  for (const note of sourceNotes(pages, 0)) terminal.note(note);
  const assets = await loaded([...pages], session, client.site.origin);
  const mode = hard === true ? "hard" : "soft";
  const order: PurgeOrder = { release: build, mode, ...(reason !== undefined && { reason }) };
  const accepted = await sent(order, client, session, key && `release:${key}`);
  const { position, visibleWithinSeconds } = accepted;
  terminal.json({ ...accepted, release: build, assets });
  if (assets > 0) terminal.print(`Assets loaded: ${assets}.`);
  terminal.print(
    `Released: ${build}, position ${position}. It applies everywhere within ${visibleWithinSeconds} s.`,
  );
  return exitCode.done;
}

/** During a deployment, an old server may get the request for a new asset. */
const roundsMax = 6;
const pauseMsFirst = 1_000;
/** The rule by which Tidemark does not store a page in place of an asset. */
const mismatch = "extension-mismatch";

/**
 * Loads assets through the site, and repeats those that fail. Returns their number.
 *
 * @throws CommandError if an asset still fails, or on Ctrl-C
 */
async function loaded(
  assets: readonly Page[],
  { terminal, world }: Session,
  origin: string,
): Promise<number> {
  let left = assets;
  let why = "";
  for (let round = 1; left.length > 0; round += 1) {
    const failed: Page[] = [];
    const onOutcome = (page: Page, outcome: Outcome) => {
      const { result, status = 200 } = outcome;
      // An old server may answer with a page, which has the status 200, or redirect to one.
      const isAsset = status < 300 && outcome.why?.startsWith(mismatch) !== true;
      if (result !== "failed" && isAsset) return;
      failed.push(page);
      const reason = status < 300 ? "no reason given" : `status ${status}`;
      why = `${page.path}: ${outcome.why ?? reason}`;
    };
    const onPause = (_: number, trouble: string) =>
      terminal.note(`${origin} is in trouble (${trouble}).`);
    const bounds = { concurrency: 4, ratePerSecondMax: Infinity };
    await new WarmRun({ origin, pages: left, world, onOutcome, onPause, ...bounds }).run();
    if (world.interrupted.aborted) throw interruption("Nothing was released.");
    if (failed.length > 0 && round === roundsMax) throw notLoaded(failed.length, why);
    left = failed;
    if (left.length === 0) break;
    terminal.note(`Assets that are not there yet: ${left.length} (${why}).`);
    await world.sleep(pauseMsFirst * 2 ** (round - 1));
  }
  return assets.length;
}

function notLoaded(count: number, why: string) {
  return failure(
    {
      what: "Nothing was released.",
      why: `Assets that could not be loaded: ${count} (${why}).`,
      hint: "Start a server with the new build, check --base, and run the same command again.",
    },
    "asset-missing",
  );
}

function noBuild(build: string) {
  const why = `${JSON.stringify(build.slice(0, 200))} is not ${releaseIdForm}.`;
  const hint = "Pass the name that the origin or the option build gives, such as a commit.";
  return usageError({ what: "Nothing was released.", why, hint });
}

function pathOf(text: string): string {
  if (/^(?:\/(?!\/)|https?:\/\/)/i.test(text)) return text;
  throw new InvalidArgumentError("Write a path that begins with /, such as /static.");
}

function keyOf(text: string): string {
  if (/^[!-~]{1,200}$/.test(text)) return text;
  throw new InvalidArgumentError("Write up to 200 characters of ASCII without spaces.");
}
