// `tidemark health`: shows the problems that a site reports.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { summaryOf } from "../../../../src/protocol/finding.ts";
import { failure, exitCode } from "../command-error.ts";
import { type DoctorFinding, printFinding } from "../doctor/finding.ts";
import type { AddCommand, Session } from "../session.ts";
import { worded } from "../texts/findings.ts";
import { percent } from "../stats/routes.ts";
import { tableOf, type Terminal } from "../terminal.ts";

type HitRates = NonNullable<OperatorAnswer<"health">["hitRates"]>;

export const addHealth: AddCommand = (program, act) => {
  program
    .command("health")
    .summary("what is wrong, why, and how to fix it")
    .description(
      "Shows the problems that the site finds, the worst first, each with cause and remedy. The exit code is 0 if the status is ok, and 3 if it is degraded or unable.",
    )
    .addHelpText("after", examples)
    .action(act(health));
};

const examples = `
Examples:
  tidemark health
  tidemark health --json --site https://www.example.com
  tidemark health > health.txt || echo "look at health.txt"`;

async function health(session: Session) {
  const { terminal } = session;
  const client = await session.client();
  // The site sends the status `unable` with 503.
  const answer = await client.json("healthOrStatus", { accepts: [503] });
  if (!("findings" in answer)) throw statusAlone(answer.status);
  // A newer site may have other codes.
  const findings = answer.findings.map(worded) as DoctorFinding[];
  terminal.json({ ...answer, findings });
  printHealth(answer, findings, terminal);
  return answer.status === "ok" ? exitCode.done : exitCode.findings;
}

function statusAlone(status = "none") {
  return failure({
    what: "The findings were not shown.",
    why: `The site shows only its status, which is ${status}: its Worker was created without operate.`,
    hint: "Add operate() of tidemark/operate to `parts` of the configuration, and deploy.",
  });
}

const colours = { ok: "green", degraded: "yellow", unable: "red" } as const;

function printHealth(
  { status, version, colo, notLookedAt, hitRates }: OperatorAnswer<"health">,
  findings: readonly DoctorFinding[],
  terminal: Terminal,
): void {
  terminal.print({ style: colours[status], text: status }, `: ${summaryOf(findings)}`);
  for (const finding of findings) printFinding(finding, terminal);
  terminal.print("");
  if (typeof hitRates?.since === "string") printHitRates(hitRates, terminal);
  for (const one of notLookedAt) terminal.print(`Not checked: ${one}`);
  const from = colo === "" ? "" : `from ${colo}, `;
  terminal.print(
    `Checked ${from}version ${version}: one isolate, its stores, and the counts of all isolates. Other isolates may have other troubles.`,
  );
}

function printHitRates(
  { since, all, routes, prefixes, namespaces }: HitRates,
  terminal: Terminal,
): void {
  const named = [
    ["route", routes],
    ["path", prefixes],
    ["data", namespaces],
  ] as const;
  const rows = named.flatMap(([of, rates]) => rates.map((rate) => ({ of, ...rate })));
  const cells = [{ of: "site", name: "", ...all }, ...rows].map((rate) => [
    rate.of,
    rate.name === "*" ? "(all others)" : rate.name,
    String(rate.requests),
    percent(rate.hitRate),
  ]);
  terminal.print(`Hit rates since ${since}, of the requests that were looked up:`);
  const table = tableOf([["", "", "requests", "hit rate"], ...cells], new Set([2, 3]));
  for (const line of table) terminal.print(line);
  terminal.print("");
}
