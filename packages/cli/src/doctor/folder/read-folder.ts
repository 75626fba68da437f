// Reads the files of a folder for doctor: its secret files, and each deployment of its wrangler file,
// with wrangler's rules of inheritance.
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { stripComments } from "jsonc-parser";
import { type Env, textOf } from "../../../../../src/protocol/variables/bindings.ts";
import { originUrlFault } from "../../../../../src/protocol/variables/origin-url.ts";
import {
  cfNotes,
  dateText,
  isTable,
  readWranglerFile,
  textIfThere,
  type WranglerFile,
  sqliteClassesIn,
  type Table,
  tableOf,
  tablesIn,
  textsIn,
} from "../../wrangler/wrangler-file.ts";
import { type ConfigRead, readConfig } from "./read-config.ts";

/** A file that holds secrets. */
export interface SecretFile {
  readonly name: string;
  /** Whether Wrangler reads the file only for `wrangler dev`. */
  readonly isForDev: boolean;
  /** The secrets by name; `undefined` if the file cannot be parsed. */
  readonly secrets: Env | undefined;
  /** Whether users other than the owner can read the file. */
  readonly isOpen: boolean;
  /** Whether git ignores the file; `undefined` without git or outside a repository. */
  readonly isIgnored: boolean | undefined;
}

export interface FolderRead {
  readonly folder: string;
  readonly wrangler: WranglerFile;
  /** A note if the folder has a configuration of `cf`. */
  readonly cfNotes: readonly string[];
  readonly deployments: readonly Deployment[];
  readonly secretFiles: readonly SecretFile[];
  readonly config: ConfigRead | undefined;
  /** The texts, without comments, of the existing files that deployments name as `main`. */
  readonly mainTexts: ReadonlyMap<string, string>;
}

export async function readFolder(folder: string): Promise<FolderRead> {
  const wrangler = await readWranglerFile(folder);
  const deployments = wrangler.kind === "read" ? deploymentsIn(wrangler.table) : [];
  const mains = new Set(deployments.flatMap(({ main }) => (main === undefined ? [] : [main])));
  const mainTexts = await Promise.all(
    [...mains].map(async (main) => [main, await textIfThere(join(folder, main))] as const),
  );
  const environments = deployments.flatMap(({ environment }) => environment ?? []);
  return {
    folder,
    wrangler,
    cfNotes: await cfNotes(folder),
    deployments,
    secretFiles: await readSecretFiles(folder, environments),
    config: await readConfig(folder),
    mainTexts: new Map(
      mainTexts.flatMap(([main, text]) =>
        text === undefined ? [] : [[main, stripComments(text)]],
      ),
    ),
  };
}

/** The files of `wrangler dev`: it reads the first of `ofVars`, or else all of `ofEnv`, of which later ones win. */
export const filesForDev = (environment?: string) => ({
  ofVars: [...suffixed(".dev.vars", environment), ".dev.vars"],
  ofEnv: [".env", ".env.local", ...suffixed(".env", environment, ["", ".local"])],
});

const suffixed = (name: string, environment: string | undefined, ends = [""]) =>
  environment === undefined ? [] : ends.map((end) => `${name}.${environment}${end}`);

/** Reads the secret files that the docs and templates mention, and those of `wrangler dev`. */
async function readSecretFiles(
  folder: string,
  environments: readonly string[],
): Promise<SecretFile[]> {
  const forDev = [undefined, ...environments].map((one) => filesForDev(one));
  const namesForDev = new Set(forDev.flatMap(({ ofVars, ofEnv }) => ofVars.concat(ofEnv)));
  const names = [...namesForDev, "secrets.json", "secrets.env"];
  const read = await Promise.all(
    names.map(async (name): Promise<SecretFile[]> => {
      const path = join(folder, name);
      const text = await textIfThere(path);
      if (text === undefined) return [];
      const { mode } = await stat(path);
      const isOpen = process.platform !== "win32" && (mode & 0o077) !== 0;
      const isIgnored = await isIgnoredByGit(folder, name);
      const isForDev = namesForDev.has(name);
      return [{ name, isForDev, secrets: secretsIn(name, text), isOpen, isIgnored }];
    }),
  );
  return read.flat();
}

function secretsIn(name: string, text: string): Env | undefined {
  if (!name.endsWith(".json")) return parseEnv(text);
  try {
    const value: unknown = JSON.parse(text);
    return isTable(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A route or a custom domain, through which the Worker receives requests. */
interface Place {
  readonly pattern: string;
  readonly isCustomDomain: boolean;
}

export interface Deployment {
  /** The environment; `undefined` for the top level. */
  readonly environment: string | undefined;
  readonly main: string | undefined;
  /** The compatibility date, such as `2026-11-01`. */
  readonly date: string | undefined;
  /** The compatibility flags. */
  readonly flags: readonly string[];
  readonly vars: Table;
  /** The secrets in `secrets.required`; `undefined` without `secrets`. */
  readonly requiredSecrets: readonly string[] | undefined;
  readonly placement: Table;
  readonly observability: Table;
  readonly places: readonly Place[];
  readonly workersDev: boolean | undefined;
  readonly previewUrls: boolean | undefined;
  readonly services: readonly Table[];
  readonly r2Buckets: readonly Table[];
  readonly durableObjects: readonly Table[];
  /** The classes of Durable Objects with SQLite storage. */
  readonly sqliteClasses: readonly string[];
  /** The entrypoints in front of which Workers Cache answers, with the setting that turns it on. */
  readonly cachedEntrypoints: ReadonlyMap<string, string>;
}

/**
 * Returns the top level, then the environments. If there are environments, omits a top level without
 * variables, services and places, because it probably only has settings for the environments.
 */
function deploymentsIn(table: Table): Deployment[] {
  const top = deploymentOf(table, undefined);
  const environments = isTable(table["env"]) ? Object.entries(table["env"]) : [];
  const others = environments.flatMap(([name, own]) =>
    isTable(own) ? [deploymentOf({ ...inherited(table), ...own }, name)] : [],
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
  "cache",
  "placement",
  "observability",
  "migrations",
  "exports",
];

function inherited(table: Table): Table {
  return Object.fromEntries(
    inheritedKeys.flatMap((key) => (key in table ? [[key, table[key]]] : [])),
  );
}

function deploymentOf(table: Table, environment: string | undefined): Deployment {
  const { route, routes, vars, secrets, durable_objects: objects } = table;
  const written = [...(Array.isArray(routes) ? routes : []), ...(route ? [route] : [])];
  return {
    environment,
    main: textOf(table, "main"),
    date: dateText(table["compatibility_date"]),
    flags: textsIn(table["compatibility_flags"]),
    vars: tableOf(vars),
    requiredSecrets: isTable(secrets) ? textsIn(secrets["required"]) : undefined,
    placement: tableOf(table["placement"]),
    observability: tableOf(table["observability"]),
    places: written.flatMap(placeOf),
    workersDev: booleanOf(table["workers_dev"]),
    previewUrls: booleanOf(table["preview_urls"]),
    services: tablesIn(table["services"]),
    r2Buckets: tablesIn(table["r2_buckets"]),
    durableObjects: tablesIn(tableOf(objects)["bindings"]),
    sqliteClasses: sqliteClassesIn(table),
    cachedEntrypoints: cachedEntrypointsIn(table),
  };
}

/**
 * Returns the entrypoints with Workers Cache: `default`, and those that `exports` lists. A setting in
 * `exports` precedes `cache.enabled`.
 */
function cachedEntrypointsIn({ cache, exports }: Table): Map<string, string> {
  const listed = tableOf(exports);
  const names = Object.keys(listed).filter((name) => tableOf(listed[name])["type"] === "worker");
  const isOnForAll = tableOf(cache)["enabled"] === true;
  return new Map(
    ["default", ...names].flatMap((name) => {
      const own = booleanOf(tableOf(tableOf(listed[name])["cache"])["enabled"]);
      if (!(own ?? isOnForAll)) return [];
      return [[name, own === undefined ? "cache.enabled" : `exports.${name}.cache.enabled`]];
    }),
  );
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

/** Returns whether git ignores a file; `undefined` without git or without a repository. */
function isIgnoredByGit(folder: string, name: string): Promise<boolean | undefined> {
  const { promise, resolve } = Promise.withResolvers<boolean | undefined>();
  execFile("git", ["-C", folder, "check-ignore", "--quiet", name], (failure) => {
    if (failure === null) resolve(true);
    else resolve(failure.code === 1 ? false : undefined);
  });
  return promise;
}

/**
 * Returns ORIGIN_URL of the deployment whose route, custom domain or SITE_HOST matches the site.
 *
 * @param site scheme and host
 * @returns scheme and host; `undefined` if no deployment matches or its ORIGIN_URL is invalid
 */
export function originInFolder(
  { deployments }: FolderRead,
  site: string | undefined,
): string | undefined {
  if (site === undefined) return undefined;
  const { host } = new URL(site);
  const deployment = deployments.find(
    ({ places, vars }) =>
      places.some((place) => fits(hostOf(place), host)) ||
      (textOf(vars, "SITE_HOST") ?? "").toLowerCase().split(/\s+/).includes(host),
  );
  const url = textOf(deployment?.vars ?? {}, "ORIGIN_URL");
  return url === undefined || originUrlFault(url) !== undefined ? undefined : new URL(url).origin;
}
