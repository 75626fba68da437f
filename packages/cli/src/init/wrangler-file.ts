// The text of wrangler.jsonc for a new site.

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
  return `{
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": ${JSON.stringify(name)},
  "main": "src/worker.ts",
  "compatibility_date": "2026-11-01",

${route === undefined ? untilThereIsARoute : routeLines(route)}
  "preview_urls": false,

  // A third less to upload. Where an error arose can be read from the uploaded source map.
  "minify": true,
  "keep_names": false,
  "upload_source_maps": true,

  // The site to put the cache before, scheme and host alone.
  "vars": { ${written} },

  // Once a minute, for a configuration with \`hotKeys\`:
  // "triggers": { "crons": ["* * * * *"] },

  "observability": { "enabled": true },
}
`;
}

const untilThereIsARoute = `  // Where it stands. Before your site takes visitors, give it a route and set both below to false, so that the
  // site has no second address:
  // "routes": [{ "pattern": "www.example.com/*", "zone_name": "example.com" }],
  "workers_dev": true,`;

function routeLines({ pattern, zone }: { pattern: string; zone: string }): string {
  return `  // Where it stands. It has no second address on workers.dev.
  "routes": [{ "pattern": ${JSON.stringify(pattern)}, "zone_name": ${JSON.stringify(zone)} }],
  "workers_dev": false,`;
}
