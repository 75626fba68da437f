// Requests an explanation of a request, and compares it with the actual answer to the same request.
import { explanationLines } from "../../packages/cli/src/texts/explanation.ts";
import type { Explanation } from "../../src/protocol/explain-answer.ts";
import type { AskInit, Seen, Site } from "./harness.ts";

export const explainToken = "token-of-who-asks-why";

const bearer = { authorization: `Bearer ${explainToken}` };

/** Returns the query that asks for an explanation of a request. */
export function questionOf(url: string, { method = "GET", headers = {} }: AskInit): string {
  const lines = Object.entries(headers).map(([name, value]) => ["header", `${name}: ${value}`]);
  return new URLSearchParams([["url", url], ["method", method], ...lines]).toString();
}

/** @throws Error if the site rejects the query */
export async function explained(site: Site, url: string, init: AskInit = {}): Promise<Explanation> {
  const seen = await site.get(`/_cache/explain?${questionOf(url, init)}`, { headers: bearer });
  if (seen.status !== 200) throw new Error(seen.text);
  return JSON.parse(seen.text) as Explanation;
}

/** Returns the text of the command, without waiting for background work. */
export async function explainedText(site: Site, url: string, init: AskInit = {}): Promise<string> {
  const answer = await site.ask(`/_cache/explain?${questionOf(url, init)}`, { headers: bearer });
  return explanationLines((await answer.json()) as Explanation).join("\n");
}

/**
 * Returns the part of `Cache-Status` that explain can predict, without the origin's answer and its
 * effects.
 */
function knowable(cacheStatus: string): string {
  const [, , ours = ""] = /(^|, )(tidemark; .*)$/.exec(cacheStatus) ?? [];
  const [hit] = /hit; ttl=-?\d+; detail=[\w-]+(?:; unverified)?/.exec(ours) ?? [];
  if (hit !== undefined) return hit;
  const [reason = ""] = /fwd=[\w-]+/.exec(ours) ?? [];
  const [, detail = ""] = /detail="?([^"]*)"?$/.exec(ours) ?? [];
  const [cause = ""] = /^(?:purged|unverified)/.exec(detail) ?? [];
  return [reason, cause].filter((part) => part !== "").join("; ");
}

/**
 * Explains a request, and then sends it, as a browser would. Returns both results in the same words.
 */
export async function both(site: Site, url: string, init: AskInit = {}) {
  const explanation = await explained(site, url, init);
  const headers = { "accept-encoding": "gzip, br", ...init.headers };
  const seen: Seen = await site.get(url, { ...init, headers });
  const { cacheStatus } = explanation;
  return {
    explanation,
    seen,
    told: cacheStatus === null ? explanation.next : knowable(cacheStatus),
    came: seen.cacheStatus === "" ? ownPage(seen) : knowable(seen.cacheStatus),
  };
}

/** Returns the name of a response that Tidemark itself generates, without Cache-Status. */
function ownPage({ status, fields }: Seen): string {
  const error = fields.get("proxy-status") ?? "";
  if (status === 504 && error.includes("proxy_internal_response")) return "refuse: only-if-cached";
  if (status === 508) return "refuse: loop";
  if (status === 503) return "refuse: the origin is down";
  return `${status} ${error}`;
}
