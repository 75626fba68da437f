// The failures of a target since its last success: when to try again, and what to log.
import { backOffMs } from "../../purger/back-off.ts";
import type { OutwardReset } from "../../protocol/outward.ts";
import type { OutwardPorts, TargetFailures } from "../port/outward-target.ts";
import type { CallFailure } from "./call.ts";

const firstPauseMs = 2_000;
const pauseMsMax = 900_000;

export function failuresAfter(
  before: TargetFailures | undefined,
  { outcome, status, retryAfterMs }: CallFailure,
  { nowAtMs, random }: Pick<OutwardPorts, "nowAtMs" | "random">,
): TargetFailures {
  const atMs = nowAtMs();
  const count = (before?.count ?? 0) + 1;
  const usual = backOffMs(count, { firstWaitMs: firstPauseMs, waitMsMax: pauseMsMax, random });
  // A wrong credential does not become right by itself.
  const pauseMs = outcome === "unauthorized" ? pauseMsMax : Math.max(usual, retryAfterMs);
  const sinceAtMs = before?.sinceAtMs ?? atMs;
  return { count, outcome, status, sinceAtMs, nextTryAtMs: atMs + pauseMs };
}

/**
 * Logs the first failure, and the first success after failures. The failures are part of the stored
 * state, so one isolate logs each change.
 */
export function tellChange(
  name: string,
  before: TargetFailures | undefined,
  after: TargetFailures | undefined,
  { log, nowAtMs }: Pick<OutwardPorts, "log" | "nowAtMs">,
): void {
  if ((before === undefined) === (after === undefined)) return;
  const target = `Outward purges: the target ${JSON.stringify(name)}`;
  if (after !== undefined) {
    const { outcome, status } = after;
    const message = `${target} did not confirm a purge (${outcome}). Tidemark tries again.`;
    const fields = { target: name, state: "began", kind: outcome, status };
    return log({ event: "outward", level: "warn", message, ...fields });
  }
  const lastedSeconds = Math.round((nowAtMs() - (before?.sinceAtMs ?? 0)) / 1_000);
  const message = `${target} confirms purges again, after ${lastedSeconds} s.`;
  log({ event: "outward", level: "info", message, target: name, state: "ended", lastedSeconds });
}

/** Counts and logs a purge of everything that no sender ordered. */
export function tellReset(
  name: string,
  why: OutwardReset,
  { log, reset }: Pick<OutwardPorts, "log" | "reset">,
): void {
  reset(name, why);
  const message = `Outward purges: everything was purged at the target ${JSON.stringify(name)}. ${resetCauses[why]}`;
  const level = why === "new" || why === "skipped" ? "info" : "warn";
  log({ event: "outward", level, message, target: name, state: "reset", kind: why });
}

const resetCauses: Readonly<Record<OutwardReset, string>> = {
  new: "It is new, and the journal does not reach back far enough.",
  "journal-lost": "The journal no longer has the last delivered entry.",
  "state-lost": "Its state in the journal's store was lost or changed.",
  refused: "It refused narrower purges.",
  behind: "More purges waited there than its rate limit allows.",
  skipped: "An operator ordered it.",
};
