// Folders for the tests of doctor with settings of the runtime, with their expected findings.
import {
  type Files,
  type FolderRow,
  inStaging,
  overHono,
  ownOfAll,
  staging,
  well,
  wrangler,
} from "./folder-rows.ts";

const observed = (observability: object) => wrangler({ observability });
const quiet = {
  enabled: true,
  logs: { enabled: true, invocation_logs: false },
  traces: { enabled: false },
};
const publicFetch = { compatibility_flags: ["global_fetch_strictly_public"] };
const toml = (text: string): Files => ({
  "wrangler.toml": `main = "src/worker.ts"\nroutes = ["www.site.test/*"]\n${text}`,
});
const tomlVars = '[vars]\nORIGIN_URL = "https://www.site.test"\n';

export const runtimeRows: readonly FolderRow[] = [
  [
    "a date before no-store",
    wrangler({ compatibility_date: "2024-11-10" }),
    "date-too-old critical",
  ],
  ["the first date with no-store", wrangler({ compatibility_date: "2024-11-11" })],
  [
    "an older date with the flag",
    wrangler({ compatibility_date: "2024-01-01", compatibility_flags: ["cache_option_enabled"] }),
  ],
  [
    "a newer date without it",
    wrangler({ compatibility_flags: ["cache_option_disabled"] }),
    "date-too-old critical",
  ],
  [
    "an older date in an environment",
    staging({ ...ownOfAll, compatibility_date: "2023-05-18" }),
    `date-too-old critical ${inStaging}`,
  ],
  [
    "an older date in TOML, without quotes",
    toml(`compatibility_date = 2024-01-01\n${tomlVars}`),
    "date-too-old critical",
  ],
  ["a public fetch through the route", wrangler(publicFetch), "flag-forbidden critical"],
  [
    "a public fetch through another host than the route's",
    wrangler({ ...publicFetch, vars: { ...well.vars, ORIGIN_URL: "https://origin.site.test" } }),
    "flag-forbidden warning",
  ],
  [
    "a public fetch before a route",
    wrangler({ ...publicFetch, routes: [], workers_dev: true }),
    "flag-forbidden warning",
  ],
  [
    "a public fetch at a custom domain",
    wrangler({
      ...publicFetch,
      routes: [{ pattern: "www.site.test", custom_domain: true }],
      vars: { ...well.vars, ORIGIN_URL: "https://origin.site.test" },
    }),
  ],
  [
    "a public fetch of handlers",
    {
      ...overHono("{ stores: upstash() }"),
      ...wrangler({ ...publicFetch, vars: { SITE_HOST: "www.site.test" } }),
    },
  ],
  [
    "a public fetch in an environment with a route",
    staging({ ...ownOfAll, ...publicFetch }),
    `flag-forbidden critical ${inStaging}`,
  ],
  ["smart placement", wrangler({ placement: { mode: "smart" } }), "placement-set warning"],
  [
    "a placement by region",
    wrangler({ placement: { region: "aws:us-east-1" } }),
    "placement-set warning",
  ],
  ["no placement", wrangler({ placement: { mode: "off" } })],
  [
    "smart placement in TOML, for an environment",
    toml(
      `compatibility_date = "2026-11-01"\n${tomlVars}[env.staging.placement]\nmode = "smart"\n[env.staging.vars]\nORIGIN_URL = "https://www.site.test"\n`,
    ),
    `placement-set warning ${inStaging}`,
  ],
  ["quiet logs", observed(quiet)],
  ["no logs", observed({ enabled: false })],
  ["invocation logs", observed({ ...quiet, logs: { enabled: true } }), "requests-logged warning"],
  [
    "logs and traces by default",
    observed({ enabled: true }),
    "requests-logged warning",
    "requests-traced warning",
  ],
  ["logs alone", observed({ logs: { enabled: true } }), "requests-logged warning"],
  [
    "logs that are off",
    observed({ enabled: true, logs: { enabled: false }, traces: { enabled: false } }),
  ],
  ["traces", observed({ ...quiet, traces: { enabled: true } }), "requests-traced warning"],
  [
    "traces in an environment, which replaces the settings above",
    wrangler({
      observability: quiet,
      env: { staging: { ...ownOfAll, observability: { traces: { enabled: true } } } },
    }),
    `requests-traced warning ${inStaging}`,
  ],
  [
    "invocation logs in an environment that inherits them",
    wrangler({ observability: { ...quiet, logs: {} }, env: { staging: ownOfAll } }),
    "requests-logged warning",
  ],
  [
    "invocation logs in TOML",
    toml(`compatibility_date = "2026-11-01"\n${tomlVars}[observability.logs]\nenabled = true\n`),
    "requests-logged warning",
  ],
  [
    "the same in wrangler.json",
    { "wrangler.json": JSON.stringify({ ...well, placement: { mode: "smart" } }) },
    "placement-set warning",
  ],
  [
    "the same after a byte order mark, which Wrangler skips",
    { "wrangler.json": `\uFEFF${JSON.stringify({ ...well, placement: { mode: "smart" } })}` },
    "placement-set warning",
  ],
];
