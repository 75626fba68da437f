// Posts the switch of a site, like its operator.
import type { Site } from "./harness.ts";

/** The credential of the sites in `TwoColos`. */
export const authorization = "Bearer admin-of-this-site";

/** @returns the status of the answer */
export async function postSwitch(site: Site, bypass: unknown): Promise<number> {
  const body = JSON.stringify({ bypass });
  const headers = { authorization };
  return (await site.ask("/_cache/switch", { method: "POST", headers, body })).status;
}
