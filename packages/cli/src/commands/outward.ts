// `tidemark outward`: shows the caches and services that receive the site's purges, delivers to one of
// them now, or skips what it has not confirmed.
import { Argument } from "commander";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { usageError, exitCode } from "../command-error.ts";
import type { AddCommand, Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";

export const addOutward: AddCommand = (program, act) => {
  program
    .command("outward")
    .summary("the caches in front that receive purges, and how far behind they are")
    .description(
      "Shows each target of outward purges: how many purges wait, since when, and why. deliver sends them now, also during a pause after failures. skip purges everything at the target once, and drops the purges that wait. The exit code is 3 if a target fails.",
    )
    .addArgument(
      new Argument(
        "[action]",
        "deliver or skip; if omitted, the command shows all targets",
      ).choices(["deliver", "skip"]),
    )
    .argument("[target]", "the name of the target in the configuration")
    .addHelpText("after", examples)
    .action(act(outward));
};

const examples = `
Examples:
  tidemark outward
  tidemark outward --json
  tidemark outward deliver edge
  tidemark outward skip edge --yes`;

async function outward(session: Session, _: object, [action, target]: readonly string[]) {
  const { terminal } = session;
  if (action !== undefined && (target ?? "").trim() === "") {
    const what = "Nothing was delivered or skipped.";
    throw usageError({
      what,
      why: "The target is missing.",
      hint: "Write its name after the action.",
    });
  }
  const client = await session.client();
  if (action === "skip") {
    await terminal.confirmed(
      `Purge everything at ${target}, and drop the purges that wait for it?`,
    );
  }
  const answer =
    action === undefined
      ? await client.json("outward")
      : await client.json("outward", { method: "POST", body: { target, do: action } });
  terminal.json(answer);
  printTargets(answer, terminal);
  const isFailing = answer.targets.some(({ failing, journal }) => failing ?? journal);
  return isFailing || answer.result === "failed" ? exitCode.findings : exitCode.done;
}

const results = {
  idle: "Everything that is due was delivered.",
  busy: "Another isolate delivers now.",
  later: "The rest follows within the target's rate limit.",
  failed:
    "Nothing was confirmed. If no failure is shown, tidemark health names the missing credential.",
  done: "Everything is purged there once all accepted purges are due.",
};

function printTargets(answer: OperatorAnswer<"outward">, terminal: Terminal): void {
  const { targets, dueAfterSeconds, result } = answer;
  if (result !== undefined) terminal.print(results[result]);
  for (const one of targets) {
    const { target, journal, waiting = 0, lagSeconds = 0, reset, failing, lastDelivery } = one;
    if (journal !== undefined) {
      terminal.print(`${target}: unknown. ${journal.why} ${journal.hint}`);
      continue;
    }
    const oldest = waiting === 0 ? "" : `, the oldest for ${Math.round(lagSeconds)} s`;
    terminal.print(`${target}: ${waiting} purges wait${oldest}.`);
    if (reset != null) terminal.print(`  Everything is purged there next (${reset}).`);
    if (failing != null) {
      const { outcome, status, times, since, nextTry } = failing;
      const answered = status === 0 ? "" : `, status ${status}`;
      terminal.print(
        `  Failing since ${since}: ${outcome}${answered}, ${times} times. Next try: ${nextTry}.`,
      );
    }
    if (lastDelivery != null) terminal.print(`  Last delivery: ${lastDelivery}.`);
  }
  if (targets.length > 0)
    terminal.print(`A purge is due ${dueAfterSeconds} s after it was accepted.`);
}
