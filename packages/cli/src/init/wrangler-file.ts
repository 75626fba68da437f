// The text of wrangler.jsonc for a new site: the template's, with its name, its origin and its route.
import { templateText } from "./site-template.ts";

export interface WranglerChoices {
  readonly name: string;
  readonly origin: string;
  /** Of the site's own zone; `undefined`: it is tried on workers.dev first. */
  readonly route: { readonly pattern: string; readonly zone: string } | undefined;
}

/** @returns a name that a Worker may have, made of a host */
export function workerNameOf(host: string): string {
  const name = `tidemark-${host}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return name.slice(0, 54).replace(/^-+|-+$/g, "");
}

export function wranglerFile({ name, origin, route }: WranglerChoices): string {
  const host = route && /^[\w.-]+/.exec(route.pattern)?.[0];
  const vars = {
    ORIGIN_URL: origin,
    ...(host === undefined ? {} : { SITE_HOST: host }),
  };
  const written = Object.entries(vars)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(", ");
  // A function, since what stands in for a text may have a meaning there.
  const text = templateText("wrangler.jsonc")
    .replace('"tidemark-site"', () => JSON.stringify(name))
    .replace(/"vars": \{.*\}/, () => `"vars": { ${written} }`);
  return route === undefined ? text : text.replace(untilThereIsARoute, () => routeLines(route));
}

const untilThereIsARoute = / {2}\/\/ Where it stands\.[^]*"workers_dev": true,/;

function routeLines({ pattern, zone }: { pattern: string; zone: string }): string {
  return `  // Where it stands. It has no second address on workers.dev.
  "routes": [{ "pattern": ${JSON.stringify(pattern)}, "zone_name": ${JSON.stringify(zone)} }],
  "workers_dev": false,`;
}
