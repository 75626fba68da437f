// Answers webhooks, and purge requests of Varnish's dialect, and counts their results.
import { bodyUpTo } from "../../admin/access/request-body.ts";
import { errorAnswer, jsonAnswer, sendAgain } from "../../admin/json-answers.ts";
import type { PurgeAnswer } from "../../admin/purge-answers.ts";
import { nothingPurged } from "../../admin/purge-sender.ts";
import type { PartHost } from "../../admin/part-contents.ts";
import type { CredentialKind } from "../../protocol/families.ts";
import { checkedPurgeOrder } from "../../protocol/purge-order.ts";
import { type ResolvedOrder, resolvedOrder } from "../../purge/acceptance/resolve-order.ts";
import type { Requester } from "../../purge/view/view-port.ts";
import type { HookPorts, HookRefusal, Receives } from "./port/hook.ts";

interface Recipient {
  /** The name in metrics. */
  readonly name: string;
  readonly hook: Receives;
}

type Host = Pick<PartHost, "cache" | "site" | "auth" | "purges">;
type Credential = Extract<CredentialKind, "hook" | "varnish">;

/**
 * Returns a function that answers with 200, or with 400, 401, 403, 408, 413, 500 or 503 and an error.
 *
 * @param credential the kind under which wrong credentials are counted
 */
export function receiver(host: Host, credential: Credential) {
  const { cache, purges } = host;
  return async (
    request: Request,
    { name, hook }: Recipient,
    requester: Requester,
  ): Promise<Response> => {
    const ports = portsFor(request, requester, { ...host, credential });
    const handled = await hook.receive(request, ports);
    const result = handled.isTest ? "test" : handled.isAccepted ? "purged" : "ignored";
    cache.metrics.add("webhooks", [name, handled.refusal ?? result]);
    return purges.noted(handled);
  };
}

function portsFor(
  request: Request,
  requester: Requester,
  { site, auth, purges, credential }: Host & { readonly credential: Credential },
): HookPorts<ResolvedOrder, PurgeAnswer> {
  return {
    nowAtMs: site.nowAtMs,
    log: site.log,
    afterAnswer: requester.afterAnswer,
    bodyOf: async (of, bytesMax) => {
      const hintOfLarge = "Let the sender send a smaller body, or raise maxBytes of this hook.";
      const bytes = await bodyUpTo(of, { bytesMax, hintOfLarge });
      return "why" in bytes ? { ...bytes, refusal: bytes.code } : bytes;
    },
    judged: (refusal) =>
      refusal === undefined
        ? auth.refusals.accepted(credential)
        : auth.refusals.refused(credential, refusal),
    orderOf: (written) => {
      const order = checkedPurgeOrder(written, "It");
      if ("fault" in order) return order;
      return order.dryRun === undefined ? resolvedOrder(order, purges.naming) : { fault: noDryRun };
    },
    purge: async (order, sender) => {
      const handled = await purges.accept(order, sender, request, requester);
      return { answer: handled, isAccepted: handled.isAccepted === true };
    },
    ignored: () => ({ answer: jsonAnswer({ ignored: true }) }),
    tested: () => ({ answer: jsonAnswer({ ignored: true }), isTest: true }),
    joined: () => ({ answer: jsonAnswer({ joined: true }) }),
    refused,
  };
}

const noDryRun = { why: "A webhook's purge has no field dryRun.", hint: "Leave it out." };

function refused({ status, code, refusal, why, hint }: HookRefusal): PurgeAnswer {
  const error = { code, what: nothingPurged, why, hint };
  return { answer: errorAnswer(status, error, status === 503 ? sendAgain : {}), refusal };
}
