// Validates the options of `tidemark init` before any request.
import { usageError } from "../command-error.ts";
import { checkRegion } from "./site-region.ts";
import { storesNamed } from "./site-stores.ts";
import type { WranglerChoices } from "./wrangler-file.ts";

export interface InitOptions {
  readonly out?: string;
  readonly page?: readonly string[];
  readonly pages: string;
  readonly name?: string;
  readonly route?: string;
  readonly zone?: string;
  readonly stores?: string;
  readonly region?: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly yes?: boolean;
}

const pagesMax = 200;

/** @throws CommandError for the first invalid option */
export function checkedOptions({
  pages,
  page = [],
  name,
  route,
  zone,
  stores,
  region,
}: InitOptions) {
  const what = "Nothing was requested or written.";
  const refuse = (why: string, hint: string) => usageError({ what, why, hint });
  const pageCountMax = Number(pages);
  if (!/^\d+$/.test(pages) || pageCountMax < 1 || pageCountMax > pagesMax) {
    const why = `--pages is ${JSON.stringify(pages.slice(0, 40))}.`;
    throw refuse(why, `Write a whole number from 1 to ${pagesMax}.`);
  }
  const odd = page.find((path) => !/^\/(?!\/)[^\s#]*$/.test(path));
  if (odd !== undefined) {
    throw refuse(
      `${JSON.stringify(odd.slice(0, 200))} is not a path.`,
      "Write a path that begins with a slash after --page.",
    );
  }
  if (name !== undefined && !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    const why = `${JSON.stringify(name.slice(0, 100))} is not a valid name of a Worker.`;
    throw refuse(why, "Write 1 to 63 lower-case letters, digits and dashes.");
  }
  if ((route === undefined) !== (zone === undefined)) {
    throw refuse("--route and --zone need each other.", "Write both, or neither.");
  }
  const routed = routeOf(route, zone, refuse);
  checkRegion(region, stores);
  return { pageCountMax, page, route: routed, stores: storesNamed(stores) };
}

function routeOf(
  pattern: string | undefined,
  zone: string | undefined,
  refuse: (why: string, hint: string) => Error,
): WranglerChoices["route"] {
  if (pattern === undefined || zone === undefined) return undefined;
  const host = pattern.split("/", 1)[0] ?? "";
  const isBelow = host === zone || host.endsWith(`.${zone}`);
  if (!/^(?:\*\.)?[\w.-]+\/[^\s]*$/.test(pattern) || !isBelow) {
    const why = `${JSON.stringify(pattern.slice(0, 100))} is not a pattern in the zone ${JSON.stringify(zone.slice(0, 100))}.`;
    throw refuse(why, "Write, for example, --route 'www.example.com/*' --zone example.com.");
  }
  return { pattern, zone };
}
