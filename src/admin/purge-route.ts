// POST /_cache/purge: who sends it, what it asks, and what came of it.
import type { Acceptances } from "../purge/acceptance.ts";
import { orderBytesMax, type Naming, readOrder } from "../purge/order.ts";
import { verifyWebhook } from "../purge/webhook.ts";
import type { Attention } from "../purge/view.ts";
import { sha256Hex } from "../sha256.ts";
import { isAuthorized } from "./auth.ts";
import { saidError } from "./said-error.ts";

export interface PurgeRouteSettings {
  readonly acceptances: Acceptances | undefined;
  readonly naming: Naming;
  readonly secrets: string | undefined;
  readonly adminToken: string | undefined;
  readonly visibleWithinSeconds: number;
}

/** How long a sender is asked to wait before it tries again. */
const retryAfterSeconds = 5;

/** It stands in the journal's entry, which has a bound. */
const idLengthMax = 256;

export async function purgeRoute(
  request: Request,
  settings: PurgeRouteSettings,
  attention: Attention,
): Promise<Response> {
  const body = await bodyUpTo(request, orderBytesMax);
  if (body === undefined) return tooLarge();
  const sender = await senderOf(request, body, settings);
  if (sender.kind === "refused") return unsigned(sender.why);
  if (sender.id.length > idLengthMax) {
    return malformed(`Its webhook-id is over ${idLengthMax} characters.`);
  }
  const order = readOrder(body, settings.naming);
  if ("fault" in order) return malformed(order.fault);
  const { acceptances, visibleWithinSeconds } = settings;
  if (acceptances === undefined) return unavailable("No journal is configured.");
  const bodyDigest = await sha256Hex(new TextEncoder().encode(body));
  const signed = { ...order, id: sender.id, bodyDigest, by: sender.by };
  const accepted = await acceptances.accept(signed, attention);
  if (accepted.kind === "conflict") return conflict(sender.id);
  if (accepted.kind === "unavailable") return unavailable("The journal did not take it.");
  const targets = { tags: order.targets.tags.length, prefixes: order.targets.prefixes.length };
  const { position } = accepted;
  return Response.json(
    { position, targets, visibleWithinSeconds },
    { headers: { "cache-control": "no-store" } },
  );
}

type Sender = { kind: "known"; id: string; by: string } | { kind: "refused"; why: string };

/** A signature is looked at where there is one; else the admin token counts. */
async function senderOf(
  request: Request,
  body: string,
  { secrets, adminToken }: PurgeRouteSettings,
): Promise<Sender> {
  if (secrets !== undefined && request.headers.has("webhook-signature")) {
    const verdict = verifyWebhook(request, secrets, body);
    if (verdict.kind === "refused") return verdict;
    return { kind: "known", id: verdict.id, by: "webhook" };
  }
  if (adminToken !== undefined && (await isAuthorized(request, adminToken))) {
    return { kind: "known", id: request.headers.get("webhook-id") ?? "", by: "admin" };
  }
  return { kind: "refused", why: "It bears neither a signature nor the admin token" };
}

/** @returns `undefined` for a longer body, which is not read to its end */
async function bodyUpTo(request: Request, bytesMax: number): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return undefined;
  const decoder = new TextDecoder();
  let text = "";
  let readBytes = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) return text + decoder.decode();
    readBytes += value.byteLength;
    if (readBytes > bytesMax) {
      await reader?.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}

const nothingPurged = "Nothing was purged.";

function tooLarge(): Response {
  return saidError(413, {
    code: "too-large",
    what: nothingPurged,
    why: `The body is over ${orderBytesMax} bytes.`,
    mend: "Send several purges.",
  });
}

function unsigned(why: string): Response {
  return saidError(401, {
    code: "unauthorized",
    what: nothingPurged,
    why: `${why}.`,
    mend: "Sign it as Standard Webhooks says, with PURGE_SECRET and the time of now, or bear ADMIN_TOKEN.",
  });
}

function malformed(why: string): Response {
  return saidError(400, {
    code: "malformed",
    what: nothingPurged,
    why,
    mend:
      'Send JSON such as {"tags": ["article:1"]}; the fields are tags, urls, prefixes, hosts, ' +
      "routes, everything and reason.",
  });
}

function conflict(id: string): Response {
  return saidError(409, {
    code: "id-reused",
    what: nothingPurged,
    why: `The id ${JSON.stringify(id.slice(0, 80))} was used with another body.`,
    mend: "Give each purge an id of its own.",
  });
}

function unavailable(why: string): Response {
  const error = {
    code: "unavailable",
    what: "The purge was not accepted.",
    why,
    mend: "Send it again with the same id.",
  };
  return saidError(503, error, { "retry-after": String(retryAfterSeconds) });
}
