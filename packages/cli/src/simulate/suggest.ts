// Finds changes of a configuration that help, by simulating each of them over the same log.
import { matchesAny } from "../../../../src/http-rules.ts";
import type { Config } from "../../../../src/tidemark.ts";
import type { LogEntry } from "./formats.ts";
import { type Figures, figuresOf, type PolicyRun } from "./figures.ts";
import { Simulation } from "./simulation.ts";

type Route = Config["anywhere"];

/** A change of a configuration, with the text to write. */
interface Variant {
  readonly what: string;
  readonly snippet: string;
  readonly config: Config;
}

/** Parameters of campaigns. Some of them are stripped by default. */
const tracking =
  "utm_source utm_medium utm_campaign gclid fbclid msclkid srsltid mkt_tok epik li_fat_id _branch_match_id s_kwcid ref_src igsh gad_source gad_campaignid rdt_cid sccid wickedid".split(
    " ",
  );
const routesMax = 3;

/** Notes the tracking parameters of a request. */
export function noteTracking(seen: Set<string>, { target = "" }: LogEntry): void {
  const at = target.indexOf("?");
  if (at < 0) return;
  for (const name of tracking) if (target.includes(`${name}=`, at)) seen.add(name);
}

const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");

function variantsOf({ policy }: PolicyRun, figures: Figures, seen: Set<string>): Variant[] {
  const { config, freshSeconds } = policy;
  const { routes, anywhere, stripQuery } = config;
  const variants: Variant[] = [];
  const names = [...seen].filter((name) => !matchesAny(stripQuery, name));
  if (names.length > 0) {
    variants.push({
      what: `Strip the tracking parameters ${names.join(", ")}`,
      snippet: `key: { query: { strip: [${quoted(names)}] } }`,
      config: { ...config, stripQuery: [...stripQuery, ...names] },
    });
  }
  const busy = figures.routes.flatMap(({ route: name }) =>
    [...routes, anywhere].filter((route) => route.name === name && !route.bypass),
  );
  for (const route of busy.slice(0, routesMax)) {
    const [where, begin, end] =
      route.name === ""
        ? ["without a route", 'routes: [{ name: "all", match: "*"', "}]"]
        : [`on the route ${route.name}`, `{ name: ${JSON.stringify(route.name)}, …`, "}"];
    for (const { what, written, change } of changesOf(route, freshSeconds)) {
      const of = (one: Route): Route => (one === route ? { ...one, ...change } : one);
      variants.push({
        what: `${what} ${where}`,
        snippet: `${begin}, ${written} ${end}`,
        config: { ...config, routes: routes.map(of), anywhere: of(anywhere) },
      });
    }
  }
  return variants;
}

interface Change {
  readonly what: string;
  readonly written: string;
  readonly change: Partial<Route>;
}

function* changesOf(route: Route, assumedSeconds = 0): Generator<Change> {
  const { freshSeconds = assumedSeconds, staleWhileRevalidateSeconds: stale, tiers } = route;
  if (freshSeconds > 0) {
    const longer = freshSeconds * 4;
    const what = `Keep answers fresh for ${longer} s instead of ${freshSeconds} s`;
    yield { what, written: `fresh: "${longer}s"`, change: { freshSeconds: longer } };
  }
  if (freshSeconds > 0 && stale === 0) {
    const seconds = Math.max(60, freshSeconds);
    const what = "Answer with a stale response while it is refreshed";
    const change = { staleWhileRevalidateSeconds: seconds };
    yield { what, written: `staleWhileRevalidate: "${seconds}s"`, change };
  }
  const isShared = tiers.includes("shared");
  const others: typeof tiers = isShared ? ["memory", "edge"] : ["memory", "edge", "shared"];
  const what = isShared ? "Leave out the shared tier" : "Also use the shared tier";
  yield { what, written: `tiers: [${quoted(others)}]`, change: { tiers: others } };
}

/** The smallest gains that count, and the largest losses beside them. */
const pointsMin = 0.5;
const originShareMin = 0.02;
const dollarsShareMin = 0.1;

/**
 * Simulates the changes over the log, one after the other, because each simulation takes much memory.
 *
 * @param replay reads the log again
 * @returns the changes whose gain is large enough, the best first
 */
export async function suggestionsOf(
  first: PolicyRun,
  seen: Set<string>,
  replay: (simulation: Simulation) => Promise<unknown>,
) {
  const figures = figuresOf(first);
  const found = [];
  for (const { what, snippet, config } of variantsOf(first, figures, seen)) {
    const policy = { ...first.policy, config };
    const simulation = await Simulation.open(policy);
    await replay(simulation);
    const other = figuresOf({ name: what, policy, simulation });
    const hitRatePoints = 100 * (other.hitRate - figures.hitRate);
    const originRequestsShare = other.originRequests / Math.max(1, figures.originRequests) - 1;
    const [now, then] = [figures.dollarsAMillion, other.dollarsAMillion];
    const dollarsAMillion = { redis: then.redis - now.redis, objects: then.objects - now.objects };
    const gains = [
      hitRatePoints / pointsMin,
      -originRequestsShare / originShareMin,
      -dollarsAMillion.redis / now.redis / dollarsShareMin,
    ];
    // A cheaper bill may cost neither hits nor origin requests.
    const isLoss = hitRatePoints <= -pointsMin || originRequestsShare > originShareMin;
    if (isLoss || Math.max(...gains) < 1) continue;
    found.push({ what, snippet, hitRatePoints, originRequestsShare, dollarsAMillion });
  }
  return found.toSorted((one, other) => one.originRequestsShare - other.originRequestsShare);
}
export type Suggestion = Awaited<ReturnType<typeof suggestionsOf>>[number];
