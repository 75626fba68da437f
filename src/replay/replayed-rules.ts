// The rules of a site in a replay of a log, which has no answers and sends nothing: their phases that need a request alone.
import type { Config, Route } from "../config/config.ts";
import { Metrics } from "../observe/metrics.ts";
import { RouteNotes } from "../observe/operator-notes.ts";
import type { PhaseHost } from "../pages/site/site.ts";
import type { PartContents } from "../admin/part-contents.ts";
import { withPhases } from "../part/guarded-phases.ts";
import type { RoutePart } from "../part/port/part.ts";
import type { Rule } from "../part/rule/rule.ts";
import { KnownReleases } from "../purge/view/known-releases.ts";
import type { ReplayedRules } from "./replayed-request.ts";

/** A site in which rules note nothing, and read no variables. */
const host: PhaseHost = {
  env: {},
  nowAtMs: () => 0,
  releases: new KnownReleases(),
  notes: new RouteNotes(),
  metrics: new Metrics(0),
  log: () => undefined,
};

const isRule = ({ contents }: RoutePart): boolean => (contents as PartContents).isRule === true;

/** Whether a function is async. Such a one may send requests, so it is not called. */
const isAsync = (admits: object): boolean => admits.constructor.name === "AsyncFunction";

/** A phase of a rule, and whether it runs. It no longer does once it has waited or failed. */
interface ReplayedPhase {
  readonly rule: string;
  readonly phase: string;
  runs: boolean;
}

/**
 * Returns a configuration whose routes have the phases `keyed`, `ignores` and `admits` of their rules, and no others. An
 * `admits` that checks a credential does not run, because a log has none; nor does one that waits or throws.
 */
export function withReplayedRules(config: Config): {
  readonly config: Config;
  readonly rules: ReplayedRules;
} {
  const phases: ReplayedPhase[] = [];
  const reduced = new Map<RoutePart, RoutePart>();
  const own = (part: RoutePart): RoutePart => {
    const known = reduced.get(part) ?? {
      ...part,
      options: reducedRule(part.options as Rule, phases),
    };
    reduced.set(part, known);
    return known;
  };
  const ruled = (route: Route): Route => ({ ...route, use: route.use.filter(isRule).map(own) });
  const routes = config.routes.map(ruled);
  const parts = new Map(routes.flatMap(({ use }) => use.map((part) => [part.name, part])));
  const opened = [...parts.values()].map(({ kind, name, contents }) => {
    const { openPhases } = contents as PartContents;
    return { kind, name, openPhases };
  });
  const phased = withPhases(opened)({ ...config, routes }, host);
  const named = (runs: boolean) => namesOf(phases.filter((one) => one.runs === runs));
  const rules: ReplayedRules = {
    names: [...parts.keys()],
    get ran() {
      return named(true);
    },
    get leftOut() {
      return named(false);
    },
  };
  return { config: { ...config, ...phased }, rules };
}

/** Runs rules, whose requests are not sent and never settle. After a wait of its own, a rule could send one. */
export function withoutFetch<Result>(run: () => Result): Result {
  const { fetch } = globalThis;
  globalThis.fetch = () => new Promise(() => undefined);
  try {
    return run();
  } finally {
    globalThis.fetch = fetch;
  }
}

/** Returns the rules as text, such as `buckets (keyed, ignores)`. */
function namesOf(phases: readonly ReplayedPhase[]): readonly string[] {
  const byRule = Map.groupBy(phases, ({ rule }) => rule);
  return [...byRule].map(
    ([rule, own]) => `${rule} (${[...new Set(own.map(({ phase }) => phase))].join(", ")})`,
  );
}

/** Notes the phases of a rule, and returns the rule with those that run. */
function reducedRule(rule: Rule, phases: ReplayedPhase[]): Rule {
  const { name, match: _, checks, keyed, ignores, admits, ...others } = rule;
  const note = (phase: string, runs: boolean) => {
    const noted = { rule: name, phase, runs };
    phases.push(noted);
    return noted;
  };
  for (const phase of Object.keys(others)) note(phase, false);
  if (keyed !== undefined) note("keyed", true);
  if (ignores !== undefined) note("ignores", true);
  const noted = admits && note("admits", checks === undefined && !isAsync(admits));
  return {
    name,
    keyed,
    ignores,
    ...(noted?.runs === true && { admits: admitting(rule, noted) }),
  };
}

function admitting(rule: Rule, noted: ReplayedPhase): NonNullable<Rule["admits"]> {
  return (...given) => {
    if (!noted.runs) return undefined;
    try {
      const result = rule.admits?.(...given);
      if (!(result instanceof Promise)) return result;
      result.catch(() => undefined);
    } catch {
      // A log has no secrets of the Worker.
    }
    noted.runs = false;
    return undefined;
  };
}
