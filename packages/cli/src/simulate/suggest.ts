// Finds changes of a configuration that help, by simulating each of them over the same log.
import type { Config, Route } from "../../../../src/config/config.ts";
import { matchesAny } from "../../../../src/config/known-names.ts";
import type { LogEntry } from "./formats.ts";
import { type Figures, figuresOf, type PolicyRun } from "./report.ts";
import type { Policy } from "./policy.ts";
import { Simulation } from "./simulation.ts";

/** A change of a configuration. */
export interface Variant {
  readonly what: string;
  /** The lines to write. */
  readonly snippet: string;
  readonly config: Config;
}

export interface Suggestion {
  readonly what: string;
  readonly snippet: string;
  /** In points of 100. */
  readonly hitRatePoints: number;
  readonly originRequestsShare: number;
  readonly dollarsAMillion: { readonly redis: number; readonly objects: number };
}

/** Parameters of campaigns that are not among the stripped names by default. */
const moreTracking =
  "srsltid mkt_tok epik li_fat_id _branch_match_id s_kwcid ref_src igsh gad_source gad_campaignid rdt_cid sccid wickedid".split(
    " ",
  );
const routesMax = 3;

/** Notes what the log has, so that only variants with a chance are simulated. */
export class LogEvidence {
  readonly parameters = new Map<string, number>();

  note({ target = "" }: LogEntry): void {
    const at = target.indexOf("?");
    if (at < 0) return;
    for (const part of target.slice(at + 1).split("&")) {
      const name = part.split("=", 1)[0] ?? "";
      const isKnown = this.parameters.has(name) || this.parameters.size < 10_000;
      if (isKnown) this.parameters.set(name, (this.parameters.get(name) ?? 0) + 1);
    }
  }
}

function changed(config: Config, route: Route, change: Partial<Route>): Config {
  const of = (one: Route): Route => (one === route ? { ...one, ...change } : one);
  return { ...config, routes: config.routes.map(of), anywhere: of(config.anywhere) };
}

const quotedList = (names: readonly string[]) =>
  names.map((name) => JSON.stringify(name)).join(", ");

/** Returns the changes to simulate. */
export function variantsOf(
  { policy }: PolicyRun,
  figures: Figures,
  evidence: LogEvidence,
): Variant[] {
  const { config } = policy;
  const isNew = (name: string) => !matchesAny(config.stripQuery, name);
  const known = ["utm_source", "utm_medium", "utm_campaign", "gclid", "fbclid", "msclkid"];
  const seen = [...known, ...moreTracking].filter(
    (name) => evidence.parameters.has(name) && isNew(name),
  );
  const variants: Variant[] = [];
  if (seen.length > 0) {
    const snippet = `key: { query: { strip: [${quotedList(seen)}] } }`;
    const what = `Strip the tracking parameters ${seen.join(", ")}`;
    variants.push({
      what,
      snippet,
      config: { ...config, stripQuery: [...config.stripQuery, ...seen] },
    });
  }
  const busy = figures.routes.flatMap(({ route: name }) =>
    [...config.routes, config.anywhere].filter((route) => route.name === name && !route.bypass),
  );
  for (const route of busy.slice(0, routesMax)) variants.push(...ofRoute(policy, route, evidence));
  return variants;
}

function ofRoute(
  { config, freshSeconds: assumed }: Policy,
  route: Route,
  { parameters }: LogEvidence,
) {
  const variants: Variant[] = [];
  const add = (what: string, written: string, change: Partial<Route>) => {
    const name = route.name === "" ? "without a route" : `on the route ${route.name}`;
    const snippet =
      route.name === ""
        ? `routes: [{ name: "all", match: "*", ${written} }]`
        : `{ name: ${JSON.stringify(route.name)}, …, ${written} }`;
    variants.push({ what: `${what} ${name}`, snippet, config: changed(config, route, change) });
  };
  const { freshSeconds = assumed } = route;
  if (freshSeconds !== undefined && freshSeconds > 0) {
    const longer = freshSeconds * 4;
    add(`Keep answers fresh for ${longer} s instead of ${freshSeconds} s`, `fresh: "${longer}s"`, {
      freshSeconds: longer,
    });
    if (route.staleWhileRevalidateSeconds === 0) {
      const seconds = Math.max(60, freshSeconds);
      add(
        "Answer with a stale response while it is refreshed",
        `staleWhileRevalidate: "${seconds}s"`,
        {
          staleWhileRevalidateSeconds: seconds,
        },
      );
    }
  }
  if (!route.sortsQuery && parameters.size > 1) {
    add("Sort the parameters of queries", `query: { order: "sort" }`, { sortsQuery: true });
  }
  const { tiers } = route;
  if (!tiers.includes("shared")) {
    add("Also use the shared tier", 'tiers: ["memory", "edge", "shared"]', {
      tiers: ["memory", "edge", "shared"],
    });
  } else if (tiers.includes("edge")) {
    add("Leave out the shared tier", 'tiers: ["memory", "edge"]', { tiers: ["memory", "edge"] });
  }
  return variants;
}

/** The smallest gains that count. */
const pointsMin = 0.5;
const originShareMin = 0.02;
const dollarsShareMin = 0.1;

/** Returns the suggestions whose simulated gain is large enough, the best first. */
export function suggestionsOf(
  figures: Figures,
  variants: readonly { readonly variant: Variant; readonly played: PolicyRun }[],
): Suggestion[] {
  const found = variants.flatMap(({ variant: { what, snippet }, played }) => {
    const other = figuresOf(played);
    const hitRatePoints = 100 * (other.hitRate - figures.hitRate);
    const originRequestsShare = other.originRequests / Math.max(1, figures.originRequests) - 1;
    const [now, then] = [figures.dollarsAMillion, other.dollarsAMillion];
    const dollarsAMillion = { redis: then.redis - now.redis, objects: then.objects - now.objects };
    const isHit = hitRatePoints >= pointsMin && originRequestsShare <= originShareMin;
    const isOrigin = originRequestsShare <= -originShareMin && hitRatePoints > -pointsMin;
    const isCheaper =
      -dollarsAMillion.redis >= dollarsShareMin * now.redis &&
      hitRatePoints > -pointsMin &&
      originRequestsShare <= originShareMin;
    if (!isHit && !isOrigin && !isCheaper) return [];
    return { what, snippet, hitRatePoints, originRequestsShare, dollarsAMillion };
  });
  return found.toSorted((one, other) => one.originRequestsShare - other.originRequestsShare);
}

export function openVariant(variant: Variant, policy: Policy): PolicyRun {
  const own = { ...policy, config: variant.config };
  return { name: variant.what, policy: own, simulation: new Simulation(own) };
}
