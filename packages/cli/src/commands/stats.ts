// `tidemark stats`: shows how each route's requests are answered, or the state of one isolate.
import { type ExitCode, exitCode } from "../command-error.ts";
import type { AddCommand, Session } from "../session.ts";
import { countsByRoute, countsOf, legend, routeTable, statsOf } from "../stats/routes.ts";

interface StatsOptions {
  readonly isolate?: true;
}

export const addStats: AddCommand = (program, act) => {
  program
    .command("stats")
    .summary("how each route is answered: hits, errors, times")
    .description(
      "Shows how the requests of each route were answered, counted over all isolates. The answering isolate reports first. Other isolates report every one to five minutes, so their counts lag by some minutes. With --isolate, one isolate shows its current state.",
    )
    .option("--isolate", "the state of one isolate: its counts, memory, journal, troubles")
    .addHelpText("after", examples)
    .action(act<StatsOptions>(stats));
};

const examples = `
Examples:
  tidemark stats
  tidemark stats --isolate --json`;

async function stats(session: Session, { isolate }: StatsOptions): Promise<ExitCode> {
  const { terminal } = session;
  const client = await session.client();
  if (isolate === true) {
    const answer = await client.json("stats");
    terminal.json(answer);
    if (!terminal.isJson) terminal.text(JSON.stringify(answer, undefined, 2));
    return exitCode.done;
  }
  const metrics = await client.json("metrics", { query: { format: "json" } });
  const { startedAt, at, boundsSeconds } = metrics;
  const byRoute = countsByRoute(metrics);
  const routes = [...byRoute].map(([route, counts]) =>
    Object.assign({ route }, statsOf(counts, boundsSeconds)),
  );
  const all = countsOf(metrics);
  terminal.json({ since: startedAt, at, routes, all: statsOf(all, boundsSeconds) });
  terminal.print(`All isolates, since ${startedAt ?? "an invalid time"}:`);
  for (const line of routeTable(byRoute, all, boundsSeconds)) terminal.print(line);
  for (const line of legend) terminal.print(line);
  if (byRoute.size === 0) terminal.note("No isolate has reported yet.");
  return exitCode.done;
}
