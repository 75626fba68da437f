// `tidemark metrics`: prints the raw counts of all isolates, for other programs.
import { exitCode } from "../command-error.ts";
import type { AddCommand, Session } from "../session.ts";

export const addMetrics: AddCommand = (program, act) => {
  program
    .command("metrics")
    .summary("the counts of all isolates, in the format of Prometheus")
    .description(
      "Writes the metrics to stdout: the text format of Prometheus, or JSON with --json. Isolates report every one to five minutes. For a table, use tidemark stats.",
    )
    .addHelpText("after", examples)
    .action(act(metrics));
};

const examples = `
Examples:
  tidemark metrics > tidemark.prom
  tidemark metrics --json --site https://www.example.com`;

async function metrics(session: Session) {
  const { terminal } = session;
  const client = await session.client();
  if (terminal.isJson) {
    terminal.json(await client.json("metrics", { query: { format: "json" } }));
  } else {
    terminal.text(await client.text("metrics", { query: { format: "prometheus" } }));
  }
  return exitCode.done;
}
