// `tidemark probe`: purges the probed pages, and measures when each address answers with the new ones.
import { type ExitCode, exitCode } from "../exit-code.ts";
import { interruption } from "../command-error.ts";
import { type PageCheck, probeRound } from "../probe/probe-round.ts";
import { type AddCommand, repeated, type Session, wholeNumber } from "../session.ts";
import { siteAddress } from "../site/address.ts";
import { SiteClient } from "../site/site-client.ts";
import { tableOf } from "../terminal/table.ts";

interface ProbeOptions {
  readonly via?: readonly string[];
  readonly rounds: number;
}

export const addProbe: AddCommand = (program, act) => {
  program
    .command("probe")
    .summary("measure when purges take effect, and find late ones")
    .description(
      "Purges the pages of the site's purge probe, reads them until the new versions answer, and shows the lag of each address. Needs `probe` in the site's configuration. The exit code is 3 if a purged version answered after N, or if a page was not verified.",
    )
    .option(
      "--via <url>",
      "also read the pages at this colo's address; may be given several times",
      repeated,
    )
    .option("--rounds <number>", "the number of purges, up to 1000", wholeNumber(1, 1_000), 1)
    .addHelpText("after", examples)
    .action(act<ProbeOptions>(probe));
};

const examples = `
Examples:
  tidemark probe
  tidemark probe --rounds 10 --json
  tidemark probe --via https://fra.example.com --via https://nrt.example.com`;

async function probe(session: Session, { via = [], rounds }: ProbeOptions): Promise<ExitCode> {
  const { terminal, world } = session;
  const site = await session.chosenSite();
  const further = via.map((address) => {
    const { origin } = siteAddress({ site: address, operatorPath: undefined, from: "--via" });
    return new SiteClient({ ...site, origin }, world);
  });
  const checks: PageCheck[] = [];
  const positions: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const done = await probeRound([new SiteClient(site, world), ...further], world);
    if (world.interrupted.aborted) throw interruption("The round is incomplete.");
    positions.push(done.position);
    checks.push(...done.checks);
  }
  const late = checks.filter(({ result }) => result === "late").length;
  const unknown = checks.filter(({ result }) => result === "unknown").length;
  terminal.json({ positions, checks, late, unknown });
  for (const line of tableOf([heads, ...checks.map(rowOf)], new Set([4, 5]))) terminal.print(line);
  terminal.print("");
  terminal.print(`Late: ${late} of ${checks.length}. Not verified: ${unknown}.`);
  return late + unknown > 0 ? exitCode.findings : exitCode.done;
}

const heads = ["address", "colo", "page", "result", "lag", "N"];

const rowOf = ({ address, colo, page, result, lagSeconds, withinSeconds }: PageCheck) => [
  address,
  colo,
  page,
  result,
  lagSeconds === null ? "-" : `${lagSeconds.toFixed(1)} s`,
  `${withinSeconds} s`,
];
