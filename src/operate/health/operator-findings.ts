// The finding on wrong credentials. Their sender may be an attacker who guesses, or a tool with an old
// secret.
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import type { CredentialKind } from "../../protocol/families.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";
import { countedIn, recentMs, recentWindows } from "./traffic-findings.ts";

/** Fewer refusals do not change the status, because anybody can cause them. */
const manyMin = 100;

const placeOf: Readonly<Record<CredentialKind, string>> = {
  bearer: "ADMIN_TOKEN in Authorization",
  debug: "ADMIN_TOKEN in Tidemark-Debug",
  challenge: "ADMIN_TOKEN of the command",
  signature: "PURGE_SECRET in webhook-signature",
  hook: "HOOK_SECRET_… of a hook",
  varnish: "address or HOOK_SECRET_VARNISH of a Varnish client",
};
const kinds = ["bearer", "debug", "challenge", "signature", "hook", "varnish"] as const;

interface RefusalCounts {
  readonly sinceAtMs: number;
  readonly counts: ReadonlyMap<CredentialKind, number>;
}

/**
 * Returns the finding with the larger of two counts: the reported count of all isolates, or the
 * count of this isolate, which also includes refusals that it has not reported yet.
 */
export function operatorRefused(state: SiteState): Finding | [] {
  const found = [refusedEverywhere(state), refusedHere(state)];
  const [most] = found.toSorted((a, b) => sumOf(b) - sumOf(a));
  const count = sumOf(most);
  if (most === undefined || count === 0) return [];
  const list = [...most.counts].map(([kind, of]) => `${placeOf[kind]}: ${of}`).join("; ");
  return {
    code: "operator-refused",
    level: count >= manyMin ? "warning" : "info",
    what: `Requests with a wrong credential of an operator or a sender of purges: ${count} (${list}).`,
    since: isoOf(most.sinceAtMs),
    cause: "A tool or a sender of purges has a wrong secret or a wrong clock, or somebody guesses.",
    remedy:
      "Compare the secrets of your tools and senders with those of the deployment. If they are the same, somebody else sends these requests: limit who may reach the operator's routes, and check that ADMIN_TOKEN is random.",
  };
}

const sumOf = (refused: RefusalCounts | undefined) =>
  [...(refused?.counts.values() ?? [])].reduce((sum, count) => sum + count, 0);

function refusedEverywhere(state: SiteState): RefusalCounts {
  const counts = new Map<CredentialKind, number>();
  let sinceAtMs = state.atMs;
  for (const { fromAtMs, sums } of recentWindows(state)) {
    for (const { labels, count } of countedIn(sums, "operatorRefusals")) {
      const kind = kinds.find((one) => one === labels[0]);
      if (kind === undefined) continue;
      counts.set(kind, (counts.get(kind) ?? 0) + count);
      sinceAtMs = Math.min(sinceAtMs, fromAtMs);
    }
  }
  return { sinceAtMs, counts };
}

function refusedHere({ refusedHere: here, atMs }: SiteState): RefusalCounts | undefined {
  if (here === undefined || !isWithinMs(recentMs, here.lastAtMs, atMs)) return undefined;
  const counted = kinds.flatMap((kind) => {
    const count = here.counts[kind];
    return count === undefined ? [] : [[kind, count] as const];
  });
  return { sinceAtMs: here.sinceAtMs, counts: new Map(counted) };
}
