// Plans requests of a log with the Worker's own code, and counts what the log does not say.
import { BoundedMap } from "../../../../src/base/bounded-map.ts";
import { NameSecret, RecordKey } from "../../../../src/cache/record/record-key.ts";
import type { Config, Route } from "../../../../src/config/config.ts";
import { Loops } from "../../../../src/pages/request/loops.ts";
import { type LookupRequest, plan } from "../../../../src/pages/request/plan.ts";
import { QueryForms } from "../../../../src/pages/request/query-forms.ts";
import { compileRoutes } from "../../../../src/pages/request/routes.ts";
import { compileUrlReader } from "../../../../src/pages/request/url-reader.ts";
import type { LogEntry, OwnFacts } from "./formats.ts";

/** A planned request. `key` of a bypass: that of a GET for its URL. */
export type SimulatedPlan =
  | { readonly kind: "lookup"; readonly route: Route; readonly request: LookupRequest }
  | { readonly kind: "pass"; readonly route: Route; readonly key: RecordKey }
  /** Tidemark itself answers. */
  | { readonly kind: "own"; readonly route: Route };

/** A configuration to simulate, and what the log may not say. */
export interface Policy {
  readonly config: Config;
  /** The host of requests whose log names none. */
  readonly host: string;
  /** The colos, if the log names none. */
  readonly coloCount: number;
  /** The isolates in each colo. */
  readonly isolateCount: number;
  /** How long the origin takes, if the log does not say. */
  readonly originMs: number;
  /** The lifetime of answers to which neither the log nor the route gives one. */
  readonly freshSeconds: number | undefined;
  /** The most responses in all edge tiers, and in the shared tier. */
  readonly recordsMax?: number;
}

/** The number of requests that each assumption concerns. */
export class Assumptions {
  host = 0;
  cookies = 0;
  key = 0;
  colo = 0;
  routeFresh = 0;
  fresh = 0;
  noLifetime = 0;
  originMs = 0;
  status304 = 0;
}

/** The plans to remember, and the longest name of one. */
const plansMax = 10_000;
const nameCharsMax = 2_048;
const noHeaders = new Headers();

export class Planner {
  readonly #site: Parameters<typeof plan>[2]["site"];
  readonly #host: string;
  readonly #assumed: Assumptions;
  readonly #asksCountry: boolean;
  readonly #plans = new BoundedMap<SimulatedPlan>({ sizeMax: plansMax });
  readonly #routes: ReadonlyMap<string, Route>;

  /** @param host the host of requests whose log names none */
  constructor(config: Config, host: string, assumed: Assumptions) {
    const nameSecret = new NameSecret(config.namespace, "");
    const matchRoute = compileRoutes(config);
    const silent = { log: () => undefined, nowAtMs: () => 0, pseudonym: () => "simulated" };
    this.#site = {
      config,
      loops: new Loops(silent),
      readUrl: compileUrlReader({ config, nameSecret, matchRoute, siteHosts: [] }),
      queryForms: new QueryForms(silent.nowAtMs),
    };
    this.#host = host;
    this.#assumed = assumed;
    this.#asksCountry = config.routes.some(({ keyCf, when }) => keyCf.length > 0 || when);
    this.#routes = new Map([...config.routes, config.anywhere].map((one) => [one.name, one]));
  }

  plan(entry: LogEntry): SimulatedPlan {
    if (entry.own !== undefined) return this.#ofOwnLog(entry, entry.own);
    if (entry.host === undefined) this.#assumed.host += 1;
    if (entry.headers?.has("cookie") !== true) this.#assumed.cookies += 1;
    return this.#planned(entry);
  }

  #planned(entry: LogEntry): SimulatedPlan {
    const { method, host = this.#host, target = "/", headers, country } = entry;
    const name = `${this.#asksCountry ? country : ""} ${method} ${host}${target}`;
    const isPlain = headers === undefined && name.length <= nameCharsMax;
    const known = isPlain ? this.#plans.get(name) : undefined;
    if (known !== undefined) return known;
    const cf = country === undefined ? undefined : { country };
    const url = `https://${host}${target.startsWith("/") ? "" : "/"}${target}`;
    // A real Request costs more than all the rest of a simulated hit.
    const request = { method, url, headers: headers ?? noHeaders, cf } as unknown as Request;
    const planned = this.#planOf(request);
    if (isPlain) this.#plans.set(name, planned);
    return planned;
  }

  #planOf(request: Request): SimulatedPlan {
    const { readUrl } = this.#site;
    const read = readUrl(request, request);
    const planned = plan(request, read, { site: this.#site, address: undefined });
    const { route } = read;
    if (planned.kind === "lookup") return { kind: "lookup", route, request: planned.request };
    if (planned.kind !== "pass") return { kind: "own", route };
    const { key } = readUrl({ url: request.url, method: "GET" }).keyed;
    return { kind: "pass", route, key };
  }

  /** Takes the key and, without a path, the route of Tidemark's own log. */
  #ofOwnLog(entry: LogEntry, own: OwnFacts): SimulatedPlan {
    this.#assumed.key += 1;
    const planned = this.#planned(entry);
    const named = entry.target === undefined ? this.#routes.get(own.route) : planned.route;
    const route = named ?? this.#site.config.anywhere;
    const key = new RecordKey(own.key ?? `log ${own.route}`, this.#host);
    if (own.key === undefined || route.bypass) return { kind: "pass", route, key };
    if (planned.kind !== "lookup") return planned;
    const { hasUnknownCookie } = own;
    return { kind: "lookup", route, request: { ...planned.request, route, key, hasUnknownCookie } };
  }
}
