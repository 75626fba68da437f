// Plans requests of a log like an isolate.
import { BoundedMap } from "../base/bounded-map.ts";
import { NameSecret, RecordKey } from "../cache/record/record-key.ts";
import type { Config, Route } from "../config/config.ts";
import { Loops } from "../routing/loops.ts";
import { type LookupRequest, plan } from "../pages/request/plan.ts";
import { compileRoutes } from "../routing/routes.ts";
import { compileUrlReader, type ReadUrl } from "../routing/url-reader.ts";
import type { LoggedFacts, ReplayedRequest } from "./replayed-request.ts";

/** A planned request. `key` of a bypass: that of a GET for its URL. */
type ReplayPlan =
  | { readonly kind: "lookup"; readonly route: Route; readonly request: LookupRequest }
  | { readonly kind: "pass"; readonly route: Route; readonly key: RecordKey }
  /** Tidemark itself answers. */
  | { readonly kind: "own"; readonly route: Route };

/** The plans to remember, and the longest name of one. */
const plansMax = 10_000;
const nameCharsMax = 2_048;
const noHeaders = new Headers();

export class Planner {
  readonly #site: Parameters<typeof plan>[2]["site"] & { readonly readUrl: ReadUrl };
  readonly #asksCountry: boolean;
  readonly #plans = new BoundedMap<ReplayPlan>({ sizeMax: plansMax });
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(config: Config) {
    const nameSecret = new NameSecret(config.namespace, "");
    const matchRoute = compileRoutes(config);
    const silent = { log: () => undefined, nowAtMs: () => 0, pseudonym: () => "replayed" };
    this.#site = {
      config,
      loops: new Loops(silent),
      readUrl: compileUrlReader({ config, nameSecret, matchRoute, siteHosts: [] }),
    };
    this.#asksCountry = config.routes.some(({ keyCf, when }) => keyCf.length > 0 || when);
    this.#routes = new Map([...config.routes, config.anywhere].map((one) => [one.name, one]));
  }

  plan(asked: ReplayedRequest): ReplayPlan {
    const { logged } = asked;
    return logged === undefined ? this.#planned(asked) : this.#plannedAsLogged(asked, logged);
  }

  #planned({ method, host, target = "/", headers, country }: ReplayedRequest): ReplayPlan {
    const name = `${this.#asksCountry ? country : ""} ${method} ${host}${target}`;
    const isPlain = headers === undefined && name.length <= nameCharsMax;
    const known = isPlain ? this.#plans.get(name) : undefined;
    if (known !== undefined) return known;
    const cf = country === undefined ? undefined : { country };
    const url = `https://${host}${target.startsWith("/") ? "" : "/"}${target}`;
    // A real Request costs more than all the rest of a replayed hit.
    const request = { method, url, headers: headers ?? noHeaders, cf } as unknown as Request;
    const planned = this.#planOf(request);
    // A rule may decide by chance, or by what it has seen.
    const { admits, keyed } = planned.route.phases;
    const isFixed = admits === undefined && keyed === undefined;
    if (isPlain && isFixed) this.#plans.set(name, planned);
    return planned;
  }

  #planOf(request: Request): ReplayPlan {
    const { readUrl } = this.#site;
    const read = readUrl(request, request);
    const { route } = read;
    const admitted = route.phases.admits?.(request, read);
    const admission = admitted instanceof Promise ? undefined : admitted;
    if (admission !== undefined && "response" in admission) return { kind: "own", route };
    const planned = plan(request, read, { site: this.#site, address: undefined, admission });
    if (planned.kind === "lookup") return { kind: "lookup", route, request: planned.request };
    if (planned.kind !== "pass") return { kind: "own", route };
    const { key } = readUrl({ url: request.url, method: "GET" }).keyed;
    return { kind: "pass", route, key };
  }

  /** Takes the key and, without a path, the route of the log. */
  #plannedAsLogged(asked: ReplayedRequest, logged: LoggedFacts): ReplayPlan {
    const planned = this.#planned(asked);
    const named = asked.target === undefined ? this.#routes.get(logged.route) : planned.route;
    const route = named ?? this.#site.config.anywhere;
    const key = new RecordKey(logged.key ?? `log ${logged.route}`, asked.host);
    if (logged.key === undefined || route.bypass) return { kind: "pass", route, key };
    if (planned.kind !== "lookup") return planned;
    const { hasUnknownCookie } = logged;
    return { kind: "lookup", route, request: { ...planned.request, route, key, hasUnknownCookie } };
  }
}
