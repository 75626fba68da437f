// The stores of a new site, and the region of its Durable Objects.
import { join } from "node:path";
import { isSet } from "../../../../src/protocol/variables/bindings.ts";
import { usageError } from "../command-error.ts";
import type { World } from "../world.ts";
import { textIfThere } from "../wrangler/wrangler-file.ts";
import { type TemplatePath, templateText } from "./site-template.ts";
import { jurisdictions, locationHints } from "../../../../src/protocol/object-placement.ts";
import type { Session } from "../session.ts";

const storeNames = ["cloudflare", "upstash"] as const;
export type SiteStores = (typeof storeNames)[number];

/** The option of `init` and `create`. */
export const storesOption = [
  "--stores <name>",
  "where purges and shared pages are stored: cloudflare (Durable Objects) or upstash (Redis). Default: cloudflare, or upstash if UPSTASH_REDIS_REST_URL is set here",
] as const;

const what = "Nothing was requested or written.";

/** Returns `undefined` for no name. @throws CommandError for an unknown one */
export function storesNamed(text: string | undefined): SiteStores | undefined {
  const stores = storeNames.find((name) => name === text);
  if (stores !== undefined || text === undefined) return stores;
  const why = `--stores is ${JSON.stringify(text.slice(0, 40))}.`;
  throw usageError({ what, why, hint: "Write cloudflare or upstash." });
}

/** Returns the stores for a user who has named none, but maybe a region for Durable Objects. */
export function usualStores({ env }: World, region?: string): SiteStores {
  const isUpstash = region === undefined && isSet(env, "UPSTASH_REDIS_REST_URL");
  return isUpstash ? "upstash" : "cloudflare";
}

/**
 * Returns the stores that an existing `src/worker.ts` uses, which init keeps; `undefined` without that file.
 *
 * @throws CommandError if the user has named others, or a region
 */
export async function storesIn(
  folder: string,
  named: SiteStores | undefined,
  region: string | undefined,
): Promise<SiteStores | undefined> {
  const main = await textIfThere(join(folder, "src/worker.ts"));
  if (main === undefined) return undefined;
  const present = main.includes("durableObject") ? "cloudflare" : "upstash";
  if (region !== undefined) {
    const why = "src/worker.ts already exists, and this command does not change it.";
    const hint = `Remove --region, and write ${JSON.stringify(region)} into that file: docs/stores.md, "Where objects are".`;
    throw usageError({ what, why, hint });
  }
  if (named === undefined || named === present) return present;
  const why = `src/worker.ts already exists, with the stores of --stores ${present}.`;
  throw usageError({ what, why, hint: "Remove that file, or leave out --stores." });
}

/** The cron trigger also keeps room for purges in the database, and folds the reports. */
const cronForRedis = "// The reserve for purges, reports, hot keys, $1 need $2\n  ";

const secretsForRedis = '"required": ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", ';

/** Returns a file of the template for these stores. The template itself has Durable Objects. */
export function textFor(stores: SiteStores, path: TemplatePath): string {
  const text = templateText(path);
  if (stores === "cloudflare") return text;
  if (path === "src/worker.ts") {
    return text
      .replace(/^\/\/ Its stores .*\n/m, "")
      .replace(/^import \{ durableObject.*\n/m, "")
      .replace(/^(?=import \{ createWorker)/m, 'import { upstash } from "tidemark/upstash";\n')
      .replace(/^export \{ Tidemark.*\n\n/m, "")
      .replace("durableObjects()", "upstash()");
  }
  if (path === "wrangler.jsonc") {
    return text
      .replace(/ {2}\/\/ The stores: [^]*?\n\n/, "")
      .replace('"required": [', secretsForRedis)
      .replace(/\/\/ Hot keys, (.*) need (.*)\n {2}\/\/ (?="triggers")/, cronForRedis);
  }
  if (path !== ".dev.vars.example") return text;
  return text
    .replace("Only with Upstash in place of Durable Objects: the", "The")
    .replaceAll(/^# (?=UPSTASH_)/gm, "");
}

const regions: Readonly<Record<string, string>> = { ...locationHints, ...jurisdictions };
const regionNames = Object.keys(regions).join(", ");

/** The option of `init` and `create`. */
export const regionOption = [
  "--region <name>",
  `where Cloudflare creates the Durable Objects, and leaves them for ever: ${regionNames}. Default: near the first request`,
] as const;

/** @throws CommandError for an unknown region, or one beside stores without Durable Objects */
export function checkRegion(region: string | undefined, stores: string | undefined): void {
  if (region === undefined) return;
  if (!Object.hasOwn(regions, region)) {
    const why = `--region is ${JSON.stringify(region.slice(0, 40))}.`;
    throw usageError({ what, why, hint: `Write one of ${regionNames}.` });
  }
  if (stores !== "upstash") return;
  const why = "--region is for Durable Objects, and the stores are in Redis of Upstash.";
  throw usageError({ what, why, hint: "Choose the region of the database at Upstash instead." });
}

/** Asks on a terminal, unless `--yes` chooses the default. */
export async function askedRegion(
  { terminal }: Session,
  { region, yes }: { readonly region?: string; readonly yes?: boolean | undefined },
): Promise<string | undefined> {
  if (region !== undefined || yes === true || !terminal.isInteractive) return region;
  const question = "Where are most visitors? Cloudflare never moves the Durable Objects later.";
  const asked = await terminal.chosen(question, [
    { value: "", label: "near the first request, wherever it comes from" },
    ...Object.entries(regions).map(([value, text]) => ({ value, label: `${value}: ${text}` })),
  ]);
  return asked === "" ? undefined : asked;
}

/** Writes the region into the text of a site's `src/worker.ts`. */
export function withRegion(text: string, region: string | undefined): string {
  if (region === undefined) return text;
  const option = Object.hasOwn(jurisdictions, region) ? "jurisdiction" : "locationHint";
  return text.replace(/(durableObject\w+)\(\)/g, `$1({ ${option}: ${JSON.stringify(region)} })`);
}
