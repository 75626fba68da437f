// Finds the origin that a folder sets for a site.
import { originUrlFault } from "../../../../../src/protocol/variables/origin-url.ts";
import { textOf } from "../../../../../src/protocol/variables/bindings.ts";
import { fits, hostOf } from "./deployment.ts";
import type { FolderRead } from "./folder-read.ts";

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
