// Asks a site to explain a request, and compares that with what the same request then gets.
import type { Explanation } from "../../src/admin/explain/explanation.ts";
import type { AskInit, Seen, Site } from "./harness.ts";

export const explainToken = "token-of-who-asks-why";

const bearer = { authorization: `Bearer ${explainToken}` };

/** The question about a request, as a query. */
export function questionOf(url: string, { method = "GET", headers = {} }: AskInit): string {
  const lines = Object.entries(headers).map(([name, value]) => ["header", `${name}: ${value}`]);
  return new URLSearchParams([["url", url], ["method", method], ...lines]).toString();
}

/** @throws for what is refused */
export async function explained(site: Site, url: string, init: AskInit = {}): Promise<Explanation> {
  const seen = await site.get(`/_cache/explain?${questionOf(url, init)}`, { headers: bearer });
  if (seen.status !== 200) throw new Error(seen.text);
  return JSON.parse(seen.text) as Explanation;
}

/** What of a `Cache-Status` explain can know: not what the origin answers, nor what then becomes of it. */
export function knowable(cacheStatus: string): string {
  const [, , ours = ""] = /(^|, )(tidemark; .*)$/.exec(cacheStatus) ?? [];
  const [hit] = /hit; ttl=-?\d+; detail=[\w-]+(?:; unverified)?/.exec(ours) ?? [];
  if (hit !== undefined) return hit;
  const [reason = ""] = /fwd=[\w-]+/.exec(ours) ?? [];
  const [, detail = ""] = /detail="?([^"]*)"?$/.exec(ours) ?? [];
  const [cause = ""] = /^(?:purged|unverified)/.exec(detail) ?? [];
  return [reason, cause].filter((part) => part !== "").join("; ");
}

/** What explain says just before, and what the request then gets, in the same words. */
export async function both(site: Site, url: string, init: AskInit = {}) {
  const explanation = await explained(site, url, init);
  const seen: Seen = await site.get(url, init);
  const { cacheStatus } = explanation;
  return {
    explanation,
    seen,
    told: cacheStatus === null ? explanation.next : knowable(cacheStatus),
    came: seen.cacheStatus === "" ? ownPage(seen) : knowable(seen.cacheStatus),
  };
}

/** Our own pages have no Cache-Status. */
function ownPage({ status, fields }: Seen): string {
  const error = fields.get("proxy-status") ?? "";
  if (status === 504 && error.includes("proxy_internal_response")) return "refuse: only-if-cached";
  if (status === 508) return "refuse: loop";
  if (status === 503) return "refuse: the origin is down";
  return `${status} ${error}`;
}
