// One deployment of a wrangler file: the top level or an environment, with wrangler's rules of inheritance.
import { textOf } from "../../../../../src/protocol/variables/bindings.ts";
import {
  dateText,
  isTable,
  sqliteClassesIn,
  type Table,
  tablesIn,
  textsIn,
} from "../../wrangler/wrangler-file.ts";

/** A route or a custom domain, through which the Worker receives requests. */
export interface Place {
  readonly pattern: string;
  readonly isCustomDomain: boolean;
}

export interface Deployment {
  /** The environment; `undefined` for the top level. */
  readonly environment: string | undefined;
  readonly main: string | undefined;
  readonly compatibilityDate: string | undefined;
  readonly flags: readonly string[];
  readonly vars: Table;
  readonly places: readonly Place[];
  readonly workersDev: boolean | undefined;
  readonly previewUrls: boolean | undefined;
  readonly crons: readonly string[];
  readonly services: readonly Table[];
  readonly rateLimits: readonly Table[];
  readonly datasets: readonly Table[];
  readonly r2Buckets: readonly Table[];
  readonly durableObjects: readonly Table[];
  /** The classes of Durable Objects with SQLite storage. */
  readonly sqliteClasses: readonly string[];
  readonly hasWorkersCache: boolean;
}

/**
 * Returns the top level, then the environments. If there are environments, omits a top level without
 * variables, services and places, because it probably only has settings for the environments.
 */
export function deploymentsIn(table: Table): Deployment[] {
  const top = deploymentOf(table, undefined, table);
  const environments = isTable(table["env"]) ? Object.entries(table["env"]) : [];
  const others = environments.flatMap(([name, own]) =>
    isTable(own) ? [deploymentOf({ ...inherited(table), ...own }, name, table)] : [],
  );
  const isGroundOnly =
    others.length > 0 &&
    Object.keys(top.vars).length === 0 &&
    top.services.length === 0 &&
    top.places.length === 0;
  return isGroundOnly ? others : [top, ...others];
}

/** Keys that an environment inherits unless it sets them. */
const inheritedKeys = [
  "main",
  "compatibility_date",
  "compatibility_flags",
  "workers_dev",
  "preview_urls",
  "route",
  "routes",
  "triggers",
  "cache",
  "migrations",
  "exports",
];

function inherited(table: Table): Table {
  return Object.fromEntries(
    inheritedKeys.flatMap((key) => (key in table ? [[key, table[key]]] : [])),
  );
}

function deploymentOf(
  table: Table,
  environment: string | undefined,
  { cache: cacheOfTop }: Table,
): Deployment {
  const { route, routes, triggers, vars, cache = cacheOfTop, durable_objects: objects } = table;
  const written = [...(Array.isArray(routes) ? routes : []), ...(route ? [route] : [])];
  return {
    environment,
    main: textOf(table, "main"),
    compatibilityDate: dateText(table["compatibility_date"]),
    flags: textsIn(table["compatibility_flags"]),
    vars: isTable(vars) ? vars : {},
    places: written.flatMap(placeOf),
    workersDev: booleanOf(table["workers_dev"]),
    previewUrls: booleanOf(table["preview_urls"]),
    crons: isTable(triggers) ? textsIn(triggers["crons"]) : [],
    services: tablesIn(table["services"]),
    rateLimits: tablesIn(table["ratelimits"]),
    datasets: tablesIn(table["analytics_engine_datasets"]),
    r2Buckets: tablesIn(table["r2_buckets"]),
    durableObjects: isTable(objects) ? tablesIn(objects["bindings"]) : [],
    sqliteClasses: sqliteClassesIn(table),
    hasWorkersCache: isTable(cache) && cache["enabled"] === true,
  };
}

function placeOf(written: unknown): Place[] {
  if (typeof written === "string") return [{ pattern: written, isCustomDomain: false }];
  if (!isTable(written)) return [];
  const pattern = textOf(written, "pattern");
  if (pattern === undefined) return [];
  return [{ pattern, isCustomDomain: written["custom_domain"] === true }];
}

const booleanOf = (value: unknown) => (typeof value === "boolean" ? value : undefined);

/** Returns a member such as `environment "staging"`; an empty object for the top level. */
export function aboutOf({ environment }: Deployment): { about?: string } {
  return environment === undefined ? {} : { about: `environment ${JSON.stringify(environment)}` };
}

/** Returns the host of a place in lower case. It may begin with `*`. */
export function hostOf({ pattern }: Place): string {
  return (pattern.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "").toLowerCase();
}

/** @param pattern may begin with `*`, which matches any text */
export function fits(pattern: string, host: string): boolean {
  return pattern.startsWith("*") ? host.endsWith(pattern.slice(1)) : pattern === host;
}
