// Helpers that return the status for a credential, and the counts of refused credentials.
import type { Site } from "../../testing/site/harness.ts";

export const statusOf = async (site: Site, authorization: string) =>
  (await site.get("/_cache/stats", { headers: { authorization } })).status;

export const refusals = (site: Site) =>
  Object.entries(site.counted()).filter(([series]) => series.startsWith("operatorRefusals"));
