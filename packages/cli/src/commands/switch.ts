// `tidemark switch`: sends requests straight to the origin, and back to the cache.
import { Argument } from "commander";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import type { SwitchOrder } from "../../../../src/protocol/operator-orders.ts";
import { usageError, exitCode } from "../command-error.ts";
import type { AddCommand, Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";

interface SwitchOptions {
  readonly reason?: string;
}

export const addSwitch: AddCommand = (program, act) => {
  program
    .command("switch")
    .summary("send requests straight to the origin, or back to the cache")
    .description(
      "Shows or changes the switch. While it is on, Tidemark answers no request from the cache. It is on for the named routes, or for all routes. Stored responses stay stored. Each change replaces the previous one.",
    )
    .addArgument(
      new Argument("[state]", "on or off; if omitted, the command shows the switch").choices([
        "on",
        "off",
      ]),
    )
    .argument("[routes...]", "the routes; if omitted, all routes, after a confirmation")
    .option("--reason <text>", "a reason, for readers of the journal")
    .addHelpText("after", examples)
    .action(act<SwitchOptions>(throwSwitch));
};

const examples = `
Examples:
  tidemark switch
  tidemark switch on articles feed --reason "wrong pages"
  tidemark switch on --yes
  tidemark switch off`;

async function throwSwitch(session: Session, options: SwitchOptions, words: readonly string[]) {
  const { terminal } = session;
  const order = orderOf(words, options);
  const client = await session.client();
  if (order === undefined) {
    const answer = await client.json("switch");
    terminal.json(answer);
    printState(answer, terminal);
    return exitCode.done;
  }
  if (order.bypass === true) {
    await terminal.confirmed(`Send every request of ${client.site.origin} to the origin?`);
  }
  const answer = await client.json("switch", { method: "POST", body: order });
  terminal.json(answer);
  printState(answer, terminal);
  if (answer.visibleWithinSeconds !== undefined) {
    terminal.print(`All colos follow within ${answer.visibleWithinSeconds} s.`);
  }
  return exitCode.done;
}

function orderOf(
  [state, ...routes]: readonly string[],
  { reason }: SwitchOptions,
): SwitchOrder | undefined {
  const refused = (why: string, hint: string) =>
    usageError({ what: "The switch was not changed.", why, hint });
  if (state === undefined) {
    if (reason === undefined) return undefined;
    throw refused("The new state is missing.", "Write on or off.");
  }
  if (state === "off" && routes.length > 0) {
    const hint = "To leave it on for some routes, name them after on.";
    throw refused("off takes no routes: it ends the switch for all.", hint);
  }
  if (routes.some((name) => name.trim() === "")) {
    throw refused("The name of a route is empty.", "Write its name, or omit it.");
  }
  const dashed = routes.find((name) => name.startsWith("-"));
  if (dashed !== undefined) {
    throw refused(
      `${JSON.stringify(dashed.slice(0, 80))} is in the place of a route.`,
      "Write options before --, or omit --.",
    );
  }
  const bypass = state === "off" ? false : routes.length === 0 ? true : routes;
  return { bypass, ...(reason !== undefined && { reason }) };
}

/** Returns a clause without the full stop. */
function stateIn(bypass: boolean | readonly string[]): string {
  if (bypass === true) return "on, every request goes to the origin";
  if (bypass === false || bypass.length === 0) return "off";
  return `on, these routes go to the origin: ${bypass.join(", ")}`;
}

function printState(answer: OperatorAnswer<"switch">, terminal: Terminal): void {
  const { bypass, since, position, here, variable, journal, key, unknownRoutes } = answer;
  const at = since === null ? "" : `, since ${since}, position ${position}`;
  terminal.print(`The switch is ${stateIn(bypass)}${at}.`);
  const isElsewhere = here !== undefined && stateIn(here) !== stateIn(bypass);
  if (isElsewhere) terminal.print(`This isolate still uses: ${stateIn(here)}.`);
  if (stateIn(variable) !== "off") {
    terminal.print(`The variable BYPASS is also set: ${stateIn(variable)}.`);
  }
  if (unknownRoutes !== undefined) {
    terminal.print(`This deployment has no such routes: ${unknownRoutes.join(", ")}.`);
  }
  if (key !== undefined) terminal.print(key);
  if (journal !== undefined) {
    const why = typeof journal === "string" ? journal : `${journal.why} ${journal.hint}`;
    terminal.print(why);
  }
}
