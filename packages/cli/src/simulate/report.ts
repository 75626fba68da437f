// The output of a simulation: a comparison of policies, the routes, the most missed pages, what was
// assumed, and suggestions.
import type { Session } from "../session.ts";
import { tableOf, type Terminal } from "../terminal.ts";
import { type Figures, figuresOf, type PolicyRun } from "./figures.ts";
import { type LinesRead, placesOf } from "./log-file.ts";
import { type Assumptions, recordsMax } from "./simulation.ts";
import { dollars } from "./prices.ts";
import type { Suggestion } from "./suggest.ts";

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const points = (share: number): string => `${(100 * share).toFixed(1)} points`;
const counted = (count: number): string => Math.round(count).toLocaleString("en-US");
const withUnit = (count: number, unit: string) =>
  `${counted(count)} ${unit}${count === 1 ? "" : "s"}`;
const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;
const signed = (value: number, text: string) => `${value < 0 ? "-" : value > 0 ? "+" : ""}${text}`;

type Row = readonly [
  name: string,
  of: (figures: Figures) => number | undefined,
  form: (value: number) => string,
];

const rows: readonly Row[] = [
  ["hit rate", ({ hitRate }) => hitRate, percent],
  ["offload", ({ offload }) => offload, percent],
  ["origin requests", ({ originRequests }) => originRequests, counted],
  ["  of them background refreshes", ({ refreshes }) => refreshes, counted],
  ["  most in a second", ({ originPeakASecond }) => originPeakASecond, counted],
  ["  most in a minute", ({ originPeakAMinute }) => originPeakAMinute, counted],
  ["bytes to clients", ({ answeredBytes }) => answeredBytes, mebibytes],
  ["bytes from the origin", ({ originBytes }) => originBytes, mebibytes],
  ["a million requests: Redis commands", (one) => one.redisCommandsAMillion, counted],
  ["  calls of Durable Objects", (one) => one.objectCallsAMillion, counted],
  ["  rows in Durable Objects", (one) => one.objectRowsAMillion, counted],
  ["  dollars, all in Redis", (one) => one.dollarsAMillion.redis, dollars],
  ["  dollars, all in Durable Objects", (one) => one.dollarsAMillion.objects, dollars],
  ["a month at this rate: requests", ({ month }) => month?.requests, counted],
  ["  dollars, all in Redis", ({ month }) => month?.dollars.redis, dollars],
  ["  dollars, all in Durable Objects", ({ month }) => month?.dollars.objects, dollars],
];

/** The columns of numbers: all but the first. */
const numbers = new Set([1, 2, 3, 4, 5]);

/** Prints the figures of one policy, or of two beside each other. */
function printFigures(
  terminal: Terminal,
  [first, second]: readonly [Figures, Figures | undefined],
): void {
  const heads = second && [second.config, "difference"];
  const table = rows.flatMap(([name, of, form]) => {
    const [one, other] = [of(first), second && of(second)];
    if (one === undefined) return [];
    const cells = [name, form(one)];
    if (other === undefined) return [cells];
    const difference = (form === percent ? points : form)(Math.abs(other - one));
    return [cells.concat(form(other), signed(other - one, difference))];
  });
  terminal.text(tableOf([["", first.config].concat(heads ?? []), ...table], numbers).join("\n"));
  for (const { config, routes } of second === undefined ? [first] : [first, second]) {
    const lines = routes.map((one) => [
      one.route === "" ? "(none)" : one.route,
      counted(one.requests),
      percent(one.hitRate),
      percent(one.offload),
      counted(one.passed),
      mebibytes(one.originBytes),
    ]);
    const head = ["route", "requests", "hits", "offload", "passed", "origin"];
    terminal.text(`\n${second === undefined ? "Routes" : `Routes of ${config}`}`);
    terminal.text(tableOf([head, ...lines], numbers).join("\n"));
  }
  if (first.mostMissed.length === 0) return;
  const missed = first.mostMissed.map(({ name, misses }) => [counted(misses), name.slice(0, 90)]);
  terminal.text(["\nMost missed", ...tableOf(missed, new Set([0]))].join("\n"));
}

/** Returns a sentence for each assumption that concerned a request, and for the parts of the configurations. */
function assumptionsOf(
  { policy, simulation: { assumed, replay } }: PolicyRun,
  second?: PolicyRun,
): string[] {
  const { host, coloCount, originMs, freshSeconds = 0 } = policy;
  const none = "Neither the log nor a route gives the answer a lifetime, so";
  const sentences: Readonly<Record<keyof Assumptions, string>> = {
    host: `The log has no host, so it is ${host}. Set it with --host.`,
    cookies: "The log has no cookies, so no request has an unknown cookie, which would be a miss.",
    routeFresh:
      "The log has no Cache-Control, so the route's lifetime applies. An origin's own would precede it.",
    noLifetime: `${none} it is not stored. Set one with --fresh, except for errors.`,
    fresh: `${none} it is ${freshSeconds} s, as --fresh says.`,
    key: "The keys are those of the log. Changes of query, cookies and key fields have no effect.",
    colo: `The log names no colo, so the clients are spread over ${coloCount}. Set it with --colos.`,
    originMs: `The log does not say how long the origin took, so it is ${originMs} ms. Set it with --origin-ms.`,
    status304: "The answer to the client was a 304. The origin's is a 200 of the last size.",
  };
  const evicted = `A simulation has at most ${counted(recordsMax)} responses in all edge tiers, and in the shared tier, so these were evicted.`;
  const configs = [policy, second?.policy].flatMap((one) => one?.config ?? []);
  const used = configs.flatMap(({ routes, parts }) =>
    [routes.flatMap(({ use }) => use), parts].flat(),
  );
  const parts = new Set(used.map(({ name }) => name));
  const rules = [replay, second?.simulation.replay].flatMap((one) => one?.rules ?? []);
  for (const name of rules.flatMap(({ names: own }) => own)) parts.delete(name);
  const ran = new Set(rules.flatMap((one) => one.ran));
  const leftOut = new Set(rules.flatMap((one) => one.leftOut));
  const names = Object.keys(sentences) as (keyof Assumptions)[];
  const concerned = names.filter((name) => assumed[name] > 0);
  return [
    ...concerned.map((name) => `${withUnit(assumed[name], "request")}: ${sentences[name]}`),
    ...(replay.evictedCount === 0
      ? []
      : [`${withUnit(replay.evictedCount, "response")}: ${evicted}`]),
    ...(ran.size === 0 ? [] : [`Rules that ran: ${[...ran].join(", ")}.`]),
    ...(leftOut.size === 0
      ? []
      : [
          `Rules that did not run, because they need an answer, a credential, a secret or the network: ${[...leftOut].join(", ")}.`,
        ]),
    ...(parts.size === 0
      ? []
      : [`Not simulated, because no part of a site runs: ${[...parts].join(", ")}.`]),
    "Always: answers have no Vary and no Set-Cookie, a validation is a whole answer unless Tidemark's own log shows it, isolates live for the whole log, nothing is purged by tag, and the requests of a second are spread over it if the log has whole seconds.",
  ];
}

interface Output {
  /** The name of the log. */
  readonly name: string;
  readonly lines: LinesRead;
  readonly runs: readonly [PolicyRun, PolicyRun?];
  readonly suggestions: readonly Suggestion[] | undefined;
}

export function printOutput({ terminal }: Session, { name, lines, runs, suggestions }: Output) {
  const [first, second] = runs;
  const policies = [figuresOf(first), second && figuresOf(second)] as const;
  const assumptions = assumptionsOf(first, second);
  if (terminal.isJson) {
    const written = policies.filter((one) => one !== undefined);
    return terminal.json({ log: name, lines, policies: written, assumptions, suggestions });
  }
  printLines(terminal, name, lines, policies[0].seconds);
  if (lines.requests === 0) return;
  const assumed = ["\nAssumed", ...assumptions.map((sentence) => `- ${sentence}`)].join("\n");
  // An assumption mostly explains why nothing is a hit.
  const isExplained = policies.some((one) => one?.hitRate === 0);
  if (isExplained) terminal.text(assumed);
  terminal.print("");
  printFigures(terminal, policies);
  if (!isExplained) terminal.text(assumed);
  if (suggestions === undefined) return;
  const isNone = suggestions.length === 0;
  terminal.text(isNone ? "\nNo change helps enough." : "\nSuggested, each on its own");
  for (const { what, snippet, hitRatePoints: hits, originRequestsShare: share } of suggestions) {
    const gain = `${signed(hits, Math.abs(hits).toFixed(1))} points of hit rate`;
    const origin = `${signed(share, percent(Math.abs(share)))} origin requests`;
    terminal.text(`- ${what}: ${gain}, ${origin}\n    ${snippet}`);
  }
}

function printLines(terminal: Terminal, name: string, lines: LinesRead, seconds: number): void {
  const { requests, bad, others, firstBad, late, format, judged, hits } = lines;
  const all = `${withUnit(requests, "request")} in ${(seconds / 3_600).toFixed(2)} hours`;
  terminal.print(`${name}: ${all}, in the format ${format}`);
  const notes = [
    bad > 0 && `Lines that cannot be read: ${counted(bad)}, first ${placesOf(firstBad)}`,
    others > 0 && `Lines that are no requests: ${counted(others)}`,
    late > 0 && `Requests far behind earlier ones, which count later: ${counted(late)}`,
    judged > 0 && `Hits by the log's own cache: ${percent(hits / judged)}`,
  ];
  for (const note of notes) if (note !== false) terminal.print(note);
}
