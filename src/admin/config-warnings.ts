// Finds settings without effect. They are no errors, because the configuration is valid.
import type { Config, Route } from "../config/config.ts";
import { isPassedBy } from "../config/route.ts";
import { fitsHost, type RoutePattern } from "../config/route-pattern.ts";
import { configuredName } from "../rules/query-string.ts";
import { traceFieldNames } from "../rules/trace-context.ts";
import type { Fault } from "../base/operator-error.ts";
import { isWithheld } from "../pages/request/withheld-fields.ts";
import { countsOn } from "../routing/key.ts";
import { compileCovering } from "../routing/routes.ts";

/** A setting without effect. `warning`: pages may be stored that the setting should protect. */
export type ConfigWarning = Fault & { readonly level?: "warning" };

/** The stores that fields of routes need. */
export interface Stores {
  /** The tiers of this Worker. */
  readonly tiers: { readonly all: readonly { readonly name: string }[] };
  /** Purges; `undefined` without a journal. */
  readonly purging?: object | undefined;
}

/**
 * Returns one fault per setting without effect.
 *
 * @param siteHosts the site's hosts; empty if each host is a site of its own
 * @param stores the Worker's stores; `undefined` if they are unknown
 */
export function configWarnings(
  config: Config,
  siteHosts: readonly string[] = [],
  stores?: Stores,
): ConfigWarning[] {
  const { routes } = config;
  const warnings = [
    ...(stores === undefined ? [] : routes.map((route) => lackingStores(route, stores))),
    ...routes.map(idleFieldsOf),
    ...routes.map(forwardedInVain),
    ...routes.map((route) => removedConditions(route, config)),
    ...hiddenRoutes(routes),
    ...(siteHosts.length === 0 ? [] : routes.map((route) => elsewhere(route, siteHosts))),
  ];
  return warnings.filter((warning) => warning !== undefined);
}

function idleFieldsOf({ name, bypass, idleFields }: Route): Fault | undefined {
  if (idleFields.length === 0) return undefined;
  return {
    what: `Route "${name}" has fields without effect: ${idleFields.join(", ")}.`,
    why: bypass
      ? "bypass sends its requests straight to the origin, and stores nothing."
      : "Its methods lack GET, and only answers to GET are stored.",
    hint: bypass ? "Remove these fields, or bypass." : "Remove these fields, or add GET.",
  };
}

function lackingStores(route: Route, { tiers, purging }: Stores): Fault | undefined {
  const names = tiers.all.map(({ name }) => name);
  const isStored = !isPassedBy(route);
  const lacksShared = isStored && !names.includes("shared");
  const lacksJournal = purging === undefined;
  const idle = Object.entries({
    tiers: isStored && !route.tiers.some((name) => names.includes(name)),
    "globalCollapse()": lacksShared && route.traits.collapsesGlobally === true,
    admission: lacksShared && route.admission !== undefined,
    invalidate: lacksJournal && route.invalidate === "everywhere",
    whenUnreachable: lacksJournal && isStored && route.servesUnverified,
  }).flatMap(([field, isIdle]) => (isIdle ? [field] : []));
  if (idle.length === 0) return undefined;
  return {
    what: `Route "${route.name}" has fields without effect: ${idle.join(", ")}.`,
    why: `This Worker has only the tiers ${names.join(" and ")}, and ${lacksJournal ? "no" : "a"} journal of purges.`,
    hint: "Bind the stores, or remove these fields.",
  };
}

function forwardedInVain(route: Route): Fault | undefined {
  const { name, forward = [], keyHeaders } = route;
  const reachesAnyway = [...keyHeaders, ...traceFieldNames];
  const withheld = forward.filter((field) => isWithheld(field) && !reachesAnyway.includes(field));
  if (isPassedBy(route) || withheld.length === 0) return undefined;
  return {
    what: `Route "${name}" forwards ${withheld.join(", ")} without effect.`,
    why: "Tidemark requests shared responses without such fields.",
    hint: "Remove them from forward, or list them in key.headers.",
  };
}

/** Returns a fault if requests meet a condition by parameters that the origin does not get. */
function removedConditions(route: Route, config: Config): Fault | undefined {
  const counts = countsOn(route, config);
  // A gate tells the origin by a constant field that it has checked a parameter.
  const { checkedQuery = [] } = route.traits;
  const removed = (route.when?.query?.values ?? [])
    .map(([name]) => name)
    .filter((name) => !counts(configuredName(name)))
    .filter((name) => !checkedQuery.includes(configuredName(name)));
  if (isPassedBy(route) || removed.length === 0) return undefined;
  return {
    what: `Route "${route.name}" has conditions on parameters that its origin does not get: ${removed.join(", ")}.`,
    why: "query.allow of the route lacks them, or key.query.strip removes them.",
    hint: "Let them reach the origin, or remove the conditions.",
  };
}

/** Returns a fault for each pattern that an earlier route hides. */
function hiddenRoutes(routes: readonly Route[]): ConfigWarning[] {
  const covering = compileCovering(routes);
  const places = new Map(routes.map((route, at) => [route, at]));
  const placeOf = (route: Route) => places.get(route) ?? 0;
  return routes.flatMap((later) =>
    later.match.flatMap((pattern) => {
      const first = covering(
        pattern,
        (route) =>
          placeOf(route) < placeOf(later) &&
          route.when === undefined &&
          coversMethods(route.methods, later.methods),
      );
      return first === undefined ? [] : hidden(later, pattern, first);
    }),
  );
}

function hidden(
  { name, match, bypass }: Route,
  { text }: RoutePattern,
  first: { readonly route: Route; readonly pattern: RoutePattern },
): ConfigWarning {
  const by = match.length === 1 ? "" : ` by "${text}"`;
  const isRisk = bypass && !first.route.bypass;
  return {
    ...(isRisk && { level: "warning" }),
    what: `Route "${name}" is never reached${by}${isRisk ? ", so its pages may be stored" : ""}.`,
    why: `Each path that matches "${text}" also matches "${first.pattern.text}" of route "${first.route.name}", which comes first.`,
    hint: `Put "${name}" before "${first.route.name}", or remove it.`,
  };
}

/** Returns whether the earlier route matches every method of the later route. */
function coversMethods(earlier: Route["methods"], later: Route["methods"]): boolean {
  return earlier === undefined || later?.every((method) => earlier.includes(method)) === true;
}

/** Returns a fault if the route matches no host of the site. */
function elsewhere({ name, match }: Route, siteHosts: readonly string[]): Fault | undefined {
  const isAsked = ({ host }: RoutePattern) =>
    siteHosts.some((site) =>
      (["http", "https"] as const).some((scheme) => fitsHost(host, { scheme, host: site })),
    );
  if (match.some(isAsked)) return undefined;
  return {
    what: `Route "${name}" is never reached.`,
    why: `SITE_HOST maps every host to one of ${siteHosts.join(", ")}, and the route matches none of these.`,
    hint: "Add its host to SITE_HOST.",
  };
}
