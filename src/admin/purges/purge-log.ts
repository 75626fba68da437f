// Logs each purge that this isolate accepted, and at most one refusal a second for each reason.
import { isWithinMs } from "../../base/elapsed.ts";
import { traceIdOf } from "../../rules/trace-context.ts";
import { type Log, loggedReason } from "../../observe/log-line.ts";
import type { PurgeRefusal } from "../../protocol/families.ts";
import type { OrderReading } from "../../purge/acceptance/resolve-order.ts";
import type { SignedOrder } from "../../purge/acceptance/acceptance.ts";

/** An accepted purge. */
export interface AcceptedPurge extends Pick<SignedOrder, "by" | "mode" | "reason"> {
  readonly position: string;
  readonly counts: OrderReading["counts"];
  readonly leftOutCount: number;
}

/** Anybody can cause refusals, so each reason has at most one line a second. */
const quietMs = 1_000;

interface Refusals {
  loggedAtMs: number;
  leftOut: number;
}

/** One per isolate. */
export class PurgeLog {
  readonly #given: { readonly log: Log; readonly nowAtMs: () => number };
  readonly #refusals = new Map<PurgeRefusal, Refusals>();

  constructor(given: { readonly log: Log; readonly nowAtMs: () => number }) {
    this.#given = given;
  }

  logAccepted(
    { position, by, mode, reason, counts, leftOutCount }: AcceptedPurge,
    { headers }: Request,
  ): void {
    const { everything, ...numbers } = counts;
    const named = Object.entries(numbers).filter(([, count]) => count > 0);
    const what = everything
      ? "everything"
      : named.map(([kind, count]) => `${kind} ${count}`).join(", ");
    const left = leftOutCount > 0 ? ` ${leftOutCount} invalid names were left out.` : "";
    this.#given.log({
      event: "purge",
      level: leftOutCount > 0 ? "warn" : "info",
      message: `A purge was accepted at ${position}, ${mode}, by ${by}: ${what}.${left}`,
      position,
      by,
      mode,
      ...counts,
      reason: loggedReason(reason),
      trace_id: traceIdOf(headers),
    });
  }

  /** Counts a refusal, and logs the first of each reason in a second. */
  logRefused(rule: PurgeRefusal): void {
    const { log, nowAtMs } = this.#given;
    const atMs = nowAtMs();
    const known = this.#refusals.get(rule) ?? { loggedAtMs: -Infinity, leftOut: 0 };
    this.#refusals.set(rule, known);
    if (isWithinMs(quietMs, known.loggedAtMs, atMs)) {
      known.leftOut += 1;
      return;
    }
    const { leftOut } = known;
    known.loggedAtMs = atMs;
    known.leftOut = 0;
    const before = leftOut === 0 ? "" : ` Since the last such line, ${leftOut} more were refused.`;
    const message = `A purge was refused: ${rule}.${before}`;
    log({ event: "purge-refused", level: "warn", message, rule, leftOut });
  }
}
