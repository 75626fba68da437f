// Reads a probed page as a client would, and tells which version answered.
import { patiently } from "../base/timeouts.ts";
import type { Decision, Outcome } from "../observe/decision.ts";
import { serve } from "../proxy/serve.ts";
import type { Context } from "../proxy/site/exchange.ts";
import type { ProbedPage } from "./probed-pages.ts";

/**
 * The version that answered. `stored`: a stored response, which was requested at `versionAtMs`.
 * `fetched`: the origin's response to this read or a concurrent one, if it was stored. `unknown`: an
 * error, an answer that is marked as unverified, or a response that was not stored, which proves
 * nothing about purges.
 */
export type ReadVersion =
  | { readonly kind: "stored"; readonly versionAtMs: number }
  | { readonly kind: "fetched" | "unknown" };

/** @property atMs the arrival of the read, in epoch milliseconds */
export type PageRead = ReadVersion & { readonly atMs: number };

/** The time until the decision of an answered request is complete. */
const settleMsMax = 15_000;

const proving: ReadonlySet<string | undefined> = new Set<Outcome>([
  "hit",
  "stale-hit",
  "collapsed",
  "validated",
  "stored",
]);

/** Reads a page through all steps of a request. Rejects only for faults of the code. */
export async function readPage(page: ProbedPage, context: Context): Promise<PageRead> {
  const { url, read, site } = page;
  const atMs = site.nowAtMs();
  const headers = { ...read.route.neutralFields, "accept-encoding": "gzip, br" };
  const { promise: settling, resolve } = Promise.withResolvers<Decision>();
  const sampled = {
    settled: (decision: Decision) => void (decision.isRefresh || resolve(decision)),
  };
  const answer = await serve(new Request(url, { headers }), read, { ...context, site, sampled });
  await answer.body?.pipeTo(new WritableStream());
  const decision = await patiently(settling, settleMsMax);
  return { atMs, ...versionIn(decision) };
}

function versionIn(decision: Decision | "timed-out" | "abandoned"): ReadVersion {
  if (typeof decision === "string" || decision.unverified) return { kind: "unknown" };
  const { outcome, requestedAtMs: versionAtMs } = decision;
  if (!proving.has(outcome)) return { kind: "unknown" };
  return versionAtMs === undefined ? { kind: "fetched" } : { kind: "stored", versionAtMs };
}
