// Generates wrangler.jsonc from the template, with the site's name, origin and route.
import { type SiteStores, textFor } from "./site-stores.ts";

export interface WranglerChoices {
  readonly name: string;
  readonly origin: string;
  readonly stores: SiteStores;
  /** The place of Durable Objects; absent to leave it to the first request. */
  readonly region?: string | undefined;
  /** A route in the site's own zone; `undefined` to start on workers.dev. */
  readonly route: { readonly pattern: string; readonly zone: string } | undefined;
}

/** Derives a valid Worker name from a host. */
export function workerNameOf(host: string): string {
  const name = `tidemark-${host}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return name.slice(0, 54).replace(/^-+|-+$/g, "");
}

export function wranglerFile({ name, origin, route, stores }: WranglerChoices): string {
  const host = route && /^[\w.-]+/.exec(route.pattern)?.[0];
  const vars = {
    ORIGIN_URL: origin,
    ...(host === undefined ? {} : { SITE_HOST: host }),
  };
  const written = Object.entries(vars)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(", ");
  // Pass functions, because `replace` interprets `$` in replacement strings.
  const text = textFor(stores, "wrangler.jsonc")
    .replace('"tidemark-site"', () => JSON.stringify(name))
    .replace(/"vars": \{.*\}/, () => `"vars": { ${written} }`);
  return route === undefined ? text : text.replace(untilThereIsARoute, () => routeLines(route));
}

const untilThereIsARoute = / {2}\/\/ The addresses\.[^]*"workers_dev": true,/;

function routeLines({ pattern, zone }: { pattern: string; zone: string }): string {
  return `  // The only address. The Worker has no second one on workers.dev.
  "routes": [{ "pattern": ${JSON.stringify(pattern)}, "zone_name": ${JSON.stringify(zone)} }],
  "workers_dev": false,`;
}
