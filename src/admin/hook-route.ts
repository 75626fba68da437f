// POST /_cache/hooks/<name> and the dialect of Varnish: connects a sender to purging, and answers it.
import { checkedPurgeOrder } from "../protocol/purge-order.ts";
import { type ResolvedOrder, resolvedOrder } from "../purge/acceptance/order.ts";
import type { Attention } from "../purge/view/view.ts";
import type { Log } from "../observe/log-line.ts";
import type { Hook, HookRefusal } from "../webhooks/port/hook.ts";
import { bodyUpTo } from "./access/request-body.ts";
import type { OperatorGate } from "./auth.ts";
import {
  acceptPurge,
  type AcceptanceRouteSettings,
  type PurgeAnswer,
  retryAfterSeconds,
} from "./purge-route.ts";
import type { CredentialKind } from "../protocol/families.ts";
import { nothingPurged } from "./purge-sender.ts";
import type { PurgeLog } from "./purges/purge-log.ts";
import { jsonAnswer, errorAnswer } from "./json-answers.ts";

export interface HookRouteSettings extends AcceptanceRouteSettings {
  readonly gate: Pick<OperatorGate, "refusals">;
  readonly nowAtMs: () => number;
  readonly log: Log;
  readonly purgeLog: Pick<PurgeLog, "logAccepted">;
  /** The kind under which wrong credentials are counted. */
  readonly credential: Extract<CredentialKind, "hook" | "varnish">;
}

/**
 * Answers a webhook, or a purge request of a dialect.
 *
 * @returns 200; 400, 401, 403, 408, 413, 500 or 503 with an error
 */
export function hookRoute(
  request: Request,
  hook: Pick<Hook, "receive">,
  settings: HookRouteSettings,
  attention: Attention,
): Promise<PurgeAnswer> {
  const { gate, naming, nowAtMs, log, purgeLog, credential } = settings;
  const { afterAnswer } = attention;
  return hook.receive<ResolvedOrder, PurgeAnswer>(request, {
    nowAtMs,
    log,
    afterAnswer,
    bodyOf: async (of, bytesMax) => {
      const hintOfLarge = "Let the sender send a smaller body, or raise maxBytes of this hook.";
      const bytes = await bodyUpTo(of, { bytesMax, hintOfLarge });
      return "why" in bytes ? { ...bytes, refusal: bytes.code } : bytes;
    },
    judged: (refusal) =>
      refusal === undefined
        ? gate.refusals.accepted(credential)
        : gate.refusals.refused(credential, refusal),
    orderOf: (written) => {
      const order = checkedPurgeOrder(written, "It");
      if ("fault" in order) return order;
      return order.dryRun === undefined ? resolvedOrder(order, naming) : { fault: noDryRun };
    },
    purge: async (order, sender) => {
      const handled = await acceptPurge(order, sender, settings, attention);
      // Log here, because the route may answer its sender before the purge is accepted.
      if (handled.accepted !== undefined) purgeLog.logAccepted(handled.accepted, request);
      return { answer: handled, isAccepted: handled.accepted !== undefined };
    },
    ignored: () => ({ answer: jsonAnswer({ ignored: true }) }),
    tested: () => ({ answer: jsonAnswer({ ignored: true }), isTest: true }),
    joined: () => ({ answer: jsonAnswer({ joined: true }) }),
    refused,
  });
}

const noDryRun = { why: "A webhook's purge has no field dryRun.", hint: "Leave it out." };

function refused({ status, code, refusal, why, hint }: HookRefusal): PurgeAnswer {
  const headers = { "retry-after": String(retryAfterSeconds) };
  const error = { code, what: nothingPurged, why, hint };
  return { answer: errorAnswer(status, error, status === 503 ? headers : {}), refusal };
}
