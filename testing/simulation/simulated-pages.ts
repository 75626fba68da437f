// The two pages of a simulated site, and the targets of their purges. Each page has its own N, and
// one route for each condition under which a stored response may answer.
import { type Config, defineConfig, type Route } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { targetsOf as dataTargetsOf } from "../../src/data/value/data-key.ts";
import { type PurgeTargets, urlTag, userTag } from "../../src/purge/journal/purge-target.ts";

export type Page = "usual" | "quick";
export const pages: readonly Page[] = ["usual", "quick"];

/** The settings of a simulated world on which its pages depend. */
interface PageSettings {
  /** N of each page. */
  readonly maxLagMs: Readonly<Record<Page, number>>;
  readonly allowanceMs: number;
}

/** The condition under which a stored response of this page may answer. */
export type Leave = "fresh" | "only-if-cached" | "stale-while-revalidate" | "stale-if-error";
export const leaves: readonly Leave[] = [
  "fresh",
  "only-if-cached",
  "stale-while-revalidate",
  "stale-if-error",
];

const lifetimes = {
  fresh: { fresh: "10m" },
  "only-if-cached": { fresh: "10m" },
  "stale-while-revalidate": { fresh: "1s", staleWhileRevalidate: "10m" },
  "stale-if-error": { fresh: "1s", staleIfError: "10m" },
};

/** A release of the site. The routes of the newer one have the tag of their page. */
export type Release = "older" | "newer";

const configs = new Map<string, Config>();
const configBySettings = {
  older: new WeakMap<PageSettings, Config>(),
  newer: new WeakMap<PageSettings, Config>(),
};

/** Returns a configuration with one route for each page and condition, parsed by the product. */
export function configOf(settings: PageSettings, release: Release = "older"): Config {
  let config = configBySettings[release].get(settings);
  if (config === undefined) {
    config = configFor(settings, release);
    configBySettings[release].set(settings, config);
  }
  return config;
}

/** Returns a cached configuration. There are few, and parsing one takes longer than a history. */
function configFor({ maxLagMs, allowanceMs }: PageSettings, release: Release): Config {
  const name = `${maxLagMs.usual} ${maxLagMs.quick} ${allowanceMs} ${release}`;
  let config = configs.get(name);
  if (config === undefined) {
    const routes = pages.flatMap((page) =>
      leaves.map((leave) => ({
        name: routeName(page, leave),
        match: `/${page}/${leave}`,
        ...lifetimes[leave],
        tags: release === "newer" ? [page] : [],
        purge: { maxLagSeconds: maxLagMs[page] / 1_000 },
      })),
    );
    const purge = {
      maxLagSeconds: maxLagMs.usual / 1_000,
      clockAllowanceSeconds: allowanceMs / 1_000,
    };
    config = defineConfig({ purge, routes } as WrittenConfig);
    configs.set(name, config);
  }
  return config;
}

export function routeOf(
  world: { readonly settings: PageSettings },
  page: Page,
  leave: Leave,
): Route {
  const { routes } = configOf(world.settings);
  return routes[pages.indexOf(page) * leaves.length + leaves.indexOf(leave)] as Route;
}

const routeName = (page: Page, leave: Leave): string => `${page} ${leave}`;

const host = "www.example.com";
export const urlOf = (page: Page, leave: Leave): string => `https://${host}/${page}/${leave}`;

const prefixesOf = (page: Page) => [`/${page}/`, `https://${host}/${page}/`] as const;

/** Tags of no page. A purge of all of them needs several entries. */
const unusedTags = Array.from({ length: 40 }, (_, nth) => userTag(`${nth}`.padEnd(250, "-")));

/**
 * Draws the targets of a purge of a page: mostly its tag, sometimes its prefix or its URLs. The tag may be in the last
 * of several entries.
 */
export function targetsOf(world: { readonly draw: () => number }, page: Page): PurgeTargets {
  const drawn = world.draw();
  const [prefix, ofHost] = prefixesOf(page);
  if (drawn < 0.15) return { tags: [], prefixes: [drawn < 0.05 ? ofHost : prefix] };
  const urls = () => leaves.map((leave) => urlTag(urlOf(page, leave)));
  if (drawn < 0.3) return { tags: urls(), prefixes: [] };
  return { tags: [...(drawn < 0.35 ? unusedTags : []), userTag(page)], prefixes: [] };
}

/** The paths of the values of which a handler makes the page. */
export const valuePathOf = (page: Page): string => `rows/${page}/text`;

/** Draws the targets of a purge of the value of which a page is made: its key, a key above, or its tag. */
export function valueTargetsOf(world: { readonly draw: () => number }, page: Page): PurgeTargets {
  const drawn = world.draw();
  if (drawn < 0.3) return dataTargetsOf({ paths: [valuePathOf(page)] });
  return dataTargetsOf(drawn < 0.6 ? { prefixes: [`rows/${page}`] } : { tags: [page] });
}

/** Returns whether a page is matched by a mark, or by targets from `targetsOf`; without its tag, if it may have none. */
export function isNamed({ tags, prefixes }: PurgeTargets, page: Page, hasTag = true): boolean {
  const ofValues = dataTargetsOf({ paths: [valuePathOf(page), `rows/${page}`] }).tags;
  const named = [
    urlTag(urlOf(page, "fresh")),
    "everything",
    ...ofValues,
    ...(hasTag ? [userTag(page)] : []),
  ];
  return (
    prefixesOf(page).some((prefix) => prefixes.includes(prefix)) ||
    tags.some((tag) => named.includes(tag))
  );
}
