// `tidemark stats`: shows how each route's requests are answered, or the state of one isolate.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { CommandError, usageError, type ExitCode, exitCode } from "../command-error.ts";
import { type AddCommand, type Session, wholeNumber } from "../session.ts";
import type { SiteClient } from "../site/site-client.ts";
import {
  countsByRoute,
  risen,
  type RouteCounts,
  totalOf,
  legend,
  routeTable,
  statsOf,
} from "../stats/routes.ts";
import type { Terminal } from "../terminal.ts";

interface StatsOptions {
  readonly isolate?: true;
  /** Seconds; `true` if the option has no value. */
  readonly watch?: number | true;
}

const watchSecondsUnlessSet = 60;

export const addStats: AddCommand = (program, act) => {
  program
    .command("stats")
    .summary("how each route is answered: hits, errors, times")
    .description(
      "Shows how the requests of each route were answered, counted over all isolates. The answering isolate reports first. Other isolates report every one to five minutes, so their counts lag by some minutes. With --isolate, one isolate shows its current state.",
    )
    .option("--isolate", "the state of one isolate: its counts, memory, journal, troubles")
    .option(
      "--watch [seconds]",
      `keep running, and show new counts at this interval (default: ${watchSecondsUnlessSet}). Ctrl-C ends it, with exit code 0`,
      wholeNumber(1, 86_400),
    )
    .addHelpText("after", examples)
    .action(act<StatsOptions>(stats));
};

const examples = `
Examples:
  tidemark stats
  tidemark stats --watch 120
  tidemark stats --isolate --json`;

async function stats(session: Session, { isolate, watch }: StatsOptions): Promise<ExitCode> {
  if (isolate === true && watch !== undefined) {
    throw usageError({
      what: "The counts were not read.",
      why: "--watch needs the counts of all isolates. With --isolate, another isolate may answer each time.",
      hint: "Write --isolate or --watch.",
    });
  }
  const { terminal } = session;
  const client = await session.client();
  if (isolate === true) {
    const answer = await client.json("stats");
    terminal.json(answer);
    for (const line of outlineOf(answer)) terminal.print(line);
    return exitCode.done;
  }
  const metrics = await metricsOf(client);
  const { startedAt, at, boundsSeconds } = metrics;
  const byRoute = countsByRoute(metrics);
  terminal.json(asData({ since: startedAt, at }, byRoute, boundsSeconds));
  terminal.print(`All isolates, since ${startedAt ?? "an invalid time"}:`);
  for (const line of routeTable(byRoute, boundsSeconds)) terminal.print(line);
  for (const line of legend) terminal.print(line);
  if (byRoute.size === 0) terminal.note("No isolate has reported yet.");
  return watch === undefined
    ? exitCode.done
    : watched(metrics, watch === true ? watchSecondsUnlessSet : watch, { client, session });
}

const metricsOf = (client: SiteClient) => client.json("metrics", { query: { format: "json" } });

function asData(
  when: object,
  byRoute: ReadonlyMap<string, RouteCounts>,
  boundsSeconds: readonly number[],
) {
  const routes = [...byRoute].map(([route, counts]) =>
    Object.assign({ route }, statsOf(counts, boundsSeconds)),
  );
  return { ...when, routes, all: statsOf(totalOf(byRoute.values()), boundsSeconds) };
}

interface WatchedSite {
  readonly client: SiteClient;
  readonly session: Session;
}

/** Polls for counts. Reports failures, and tries again after the interval. */
async function watched(
  first: OperatorAnswer<"metrics">,
  seconds: number,
  { client, session }: WatchedSite,
) {
  const { terminal, world } = session;
  let before = { metrics: first, atMs: world.nowAtMs() };
  for (;;) {
    await world.sleep(seconds * 1_000);
    if (world.interrupted.aborted) return exitCode.done;
    try {
      const now = { metrics: await metricsOf(client), atMs: world.nowAtMs() };
      printRisen(before, now, terminal);
      before = now;
    } catch (cause) {
      if (world.interrupted.aborted) return exitCode.done;
      if (!(cause instanceof CommandError)) throw cause;
      terminal.note(`${cause.message} Retrying in ${seconds} s.`);
    }
  }
}

interface StatsReading {
  readonly metrics: OperatorAnswer<"metrics">;
  readonly atMs: number;
}

function printRisen(before: StatsReading, now: StatsReading, terminal: Terminal): void {
  const { boundsSeconds, at } = now.metrics;
  const earlier = countsByRoute(before.metrics);
  const byRoute = new Map(
    [...countsByRoute(now.metrics)].map(([route, counts]) => [
      route,
      risen(counts, earlier.get(route)),
    ]),
  );
  const secondsPassed = Math.max(1, (now.atMs - before.atMs) / 1_000);
  terminal.json(asData({ since: before.metrics.at, at, secondsPassed }, byRoute, boundsSeconds));
  terminal.print("");
  terminal.print(`In the last ${secondsPassed.toFixed(0)} s, per second:`);
  for (const line of routeTable(byRoute, boundsSeconds, secondsPassed)) terminal.print(line);
}

/** Yields a line for each value. Nested values follow their name; an empty list or object is `none`. */
export function* outlineOf(value: object, indent = ""): Generator<string> {
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const label = Array.isArray(value) ? "-" : `${name}:`;
    if (isNested(inner)) {
      yield `${indent}${label}`;
      yield* outlineOf(inner, `${indent}  `);
    } else {
      yield `${indent}${label} ${plain(inner)}`;
    }
  }
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function plain(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "object" ? "none" : JSON.stringify(value);
}
