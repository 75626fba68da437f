// How a site answers a credential, and how it counts those that it refuses.
import type { Site } from "../../testing/site/harness.ts";

export const statusOf = async (site: Site, authorization: string) =>
  (await site.get("/_cache/stats", { headers: { authorization } })).status;

export const refusals = (site: Site) =>
  Object.entries(site.counted()).filter(([series]) => series.startsWith("operatorRefusals"));
