// Brings a stale response up to date behind its client's back (RFC 5861 §3).
import type { RecordKey } from "../tiers/record-key.ts";
import { lead } from "./answer-from-origin.ts";
import type { Flight } from "./collapse.ts";
import { lookUp } from "./lookup.ts";
import { questionOf } from "./need.ts";
import { type Asked, asRefresh } from "./plan.ts";
import type { Ports } from "./ports.ts";
import { discardBody } from "./respond.ts";
import { type Candidate, decide } from "./verdict.ts";

/** One at a time per key and isolate: a refresh is a flight like any other forward. */
export function startRefresh(
  stale: Asked,
  { stored }: Candidate,
  key: RecordKey,
  ports: Ports,
): void {
  const selectsByCookie = stored.metadata.selecting.some(([name]) => name === "cookie");
  const asked = asRefresh(stale, selectsByCookie);
  const atMs = ports.nowAtMs();
  if (ports.flights.get(key.text, atMs) !== undefined) return;
  const flight = ports.flights.begin(key.text, atMs);
  ports.afterAnswer(async () => {
    try {
      await refresh(asked, { key, flight }, ports);
    } catch (cause) {
      ports.flights.end(key.text, flight);
      throw cause;
    }
  });
}

/** From a lower tier if that holds a fresh one by now, else from the origin. */
async function refresh(
  asked: Asked,
  { key, flight }: { key: RecordKey; flight: Flight },
  ports: Ports,
): Promise<void> {
  const question = questionOf({ asked, ports });
  const accepts = (candidate: Candidate) => decide(candidate, question).kind === "serve";
  const { found, variantsSinceAtMs } = await lookUp({ asked, atMs: question.atMs, accepts }, ports);
  const verdict = decide(found, question);
  if (verdict.kind === "serve" || verdict.kind === "gateway-timeout") {
    ports.flights.end(key.text, flight);
    if (verdict.kind === "serve") discardBody(verdict.candidate.stored);
    return;
  }
  const validating = verdict.kind === "forward" ? undefined : verdict.candidate;
  const place = { key, variantsSinceAtMs };
  const need = { asked, ports, ...place, reason: "stale", isForClient: false, validating } as const;
  const { response } = await lead(need, flight);
  await response.body?.cancel();
}
