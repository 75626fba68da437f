// Finds changes of a configuration that help, by simulating each of them over the same log.
import type { Config, Route } from "../../../../src/config/config.ts";
import { matchesAny } from "../../../../src/config/known-names.ts";
import type { LogEntry } from "./formats.ts";
import { type Figures, figuresOf, type PolicyRun } from "./figures.ts";
import { Simulation } from "./simulation.ts";

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

/** Notes the tracking parameters of a log. */
export class TrackingSeen {
  readonly names = new Set<string>();

  note({ target = "" }: LogEntry): void {
    const at = target.indexOf("?");
    if (at < 0) return;
    const query = target.slice(at);
    for (const name of tracking) if (query.includes(`${name}=`)) this.names.add(name);
  }
}

function variantsOf({ policy }: PolicyRun, figures: Figures, seen: TrackingSeen): Variant[] {
  const { config } = policy;
  const variants: Variant[] = [];
  const names = [...seen.names].filter((name) => !matchesAny(config.stripQuery, name));
  if (names.length > 0) {
    const list = names.map((name) => JSON.stringify(name)).join(", ");
    variants.push({
      what: `Strip the tracking parameters ${names.join(", ")}`,
      snippet: `key: { query: { strip: [${list}] } }`,
      config: { ...config, stripQuery: [...config.stripQuery, ...names] },
    });
  }
  const { routes, anywhere } = config;
  const busy = figures.routes.flatMap(({ route: name }) =>
    [...routes, anywhere].filter((route) => route.name === name && !route.bypass),
  );
  for (const route of busy.slice(0, routesMax)) {
    const { name } = route;
    for (const { what, written, change } of changesOf(route, policy.freshSeconds)) {
      const of = (one: Route): Route => (one === route ? { ...one, ...change } : one);
      variants.push({
        what: `${what} ${name === "" ? "without a route" : `on the route ${name}`}`,
        snippet:
          name === ""
            ? `routes: [{ name: "all", match: "*", ${written} }]`
            : `{ name: ${JSON.stringify(name)}, …, ${written} }`,
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

function changesOf(route: Route, assumedSeconds: number | undefined): Change[] {
  const { freshSeconds = assumedSeconds ?? 0, staleWhileRevalidateSeconds: stale, tiers } = route;
  const changes: Change[] = [];
  if (freshSeconds > 0) {
    const longer = freshSeconds * 4;
    changes.push({
      what: `Keep answers fresh for ${longer} s instead of ${freshSeconds} s`,
      written: `fresh: "${longer}s"`,
      change: { freshSeconds: longer },
    });
  }
  if (freshSeconds > 0 && stale === 0) {
    const seconds = Math.max(60, freshSeconds);
    changes.push({
      what: "Answer with a stale response while it is refreshed",
      written: `staleWhileRevalidate: "${seconds}s"`,
      change: { staleWhileRevalidateSeconds: seconds },
    });
  }
  const isShared = tiers.includes("shared");
  const others: typeof tiers = isShared ? ["memory", "edge"] : ["memory", "edge", "shared"];
  changes.push({
    what: isShared ? "Leave out the shared tier" : "Also use the shared tier",
    written: `tiers: [${others.map((name) => JSON.stringify(name)).join(", ")}]`,
    change: { tiers: others },
  });
  return changes;
}

/** The smallest gains that count, and the largest losses beside them. */
const pointsMin = 0.5;
const originShareMin = 0.02;
const dollarsShareMin = 0.1;

/**
 * Simulates the changes over the log, which `replay` reads again.
 *
 * @returns those whose gain is large enough, the best first
 */
export async function suggestionsOf(
  first: PolicyRun,
  seen: TrackingSeen,
  replay: (played: readonly Simulation[]) => Promise<unknown>,
) {
  const figures = figuresOf(first);
  const played = variantsOf(first, figures, seen).map(({ what, snippet, config }) => {
    const policy = { ...first.policy, config };
    return { what, snippet, run: { name: what, policy, simulation: new Simulation(policy) } };
  });
  await replay(played.map(({ run }) => run.simulation));
  const found = played.flatMap(({ what, snippet, run }) => {
    const other = figuresOf(run);
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
    if (isLoss || Math.max(...gains) < 1) return [];
    return { what, snippet, hitRatePoints, originRequestsShare, dollarsAMillion };
  });
  return found.toSorted((one, other) => one.originRequestsShare - other.originRequestsShare);
}
export type Suggestion = Awaited<ReturnType<typeof suggestionsOf>>[number];
