// The routes that receive purges: POST purge, the hooks, and the dialect of Varnish at any path.
import type { Context } from "hono";
import type { Hono } from "hono";
import { faultText } from "../base/operator-error.ts";
import { once } from "../base/once.ts";
import type { Background } from "../platform/platform.ts";
import { addressOf } from "../pages/request/forwarded-fields.ts";
import { namingOf } from "../pages/request/naming.ts";
import { plainPage } from "../pages/respond/plain-page.ts";
import type { Requester } from "../purge/view/view.ts";
import type { Hook, HookRefusal } from "../hooks/port/hook.ts";
import type { AdminSettings } from "./admin-settings.ts";
import { errorAnswer, jsonAnswer, retryAfterSeconds, whyNoJournal } from "./json-answers.ts";
import {
  type AcceptanceRouteSettings,
  acceptPurge,
  type PurgeAnswer,
  purgeRoute,
} from "./purge-route.ts";
import { DryRunIds } from "./purges/dry-run-ids.ts";
import { PurgeLog } from "./purges/purge-log.ts";
import { checkedPurgeOrder } from "../protocol/purge-order.ts";
import { type ResolvedOrder, resolvedOrder } from "../purge/acceptance/order.ts";
import type { Log } from "../observe/log-line.ts";
import { bodyUpTo } from "./access/request-body.ts";
import type { OperatorGate } from "./auth.ts";
import type { CredentialKind } from "../protocol/families.ts";
import { nothingPurged } from "./purge-sender.ts";

/** Answers the purge requests of a dialect, at any path of the site. */
export interface DialectRoute {
  readonly methods: ReadonlySet<string>;
  /** @param address the client's address, on Node */
  readonly answer: (
    request: Request,
    background: Background,
    address: string | null | undefined,
  ) => Promise<Response>;
}

export interface SenderRoutes {
  /**
   * Adds the routes below `/_cache/`. They need no admin token: a hook has its sender's signature,
   * and `/purge` accepts a signature or the admin token.
   */
  readonly addTo: (admin: Hono, requesterOf: (context: Context) => Requester) => void;
  readonly dialect: DialectRoute | undefined;
}

export function senderRoutes(settings: AdminSettings): SenderRoutes {
  const { environment, cache, site, data, gate } = settings;
  const { purgeSecrets, hooks, varnish } = environment;
  const { visibleWithinSeconds } = site.config.purge;
  const { tiers, metrics, purging } = cache;
  const { nowAtMs, log, positions } = site;
  const acceptances = purging?.acceptances ?? whyNoJournal(environment);
  const { reach } = purging ?? {};
  const naming = namingOf(site);
  const answered = { positions, visibleWithinSeconds, reach };
  const accepting = { gate, metrics, naming, acceptances, ...answered };
  const purgeLog = new PurgeLog(site);
  const noted = ({ answer, refusal }: PurgeAnswer) => {
    if (refusal !== undefined) {
      metrics.add("purgeRefusals", [refusal]);
      purgeLog.logRefused(refusal);
    }
    return answer;
  };
  const received = async (
    request: Request,
    { name, credential, hook }: Recipient,
    requester: Requester,
  ) => {
    const route = { ...accepting, nowAtMs, log, purgeLog, credential };
    const handled = await hookRoute(request, hook, route, requester);
    const result = handled.isTest ? "test" : handled.accepted ? "purged" : "ignored";
    metrics.add("webhooks", [name, handled.refusal ?? result]);
    return noted(handled);
  };
  return {
    addTo(admin, requesterOf) {
      if (gate.adminToken !== undefined || purgeSecrets !== undefined) {
        const dryRuns = new DryRunIds({ ...site.config, redis: cache.redis });
        const route = { ...accepting, purgeSecrets, tiers, data, dryRuns };
        admin.post("/purge", async (context) => {
          const { raw: request } = context.req;
          const handled = await purgeRoute(request, route, requesterOf(context));
          if (handled.accepted !== undefined) purgeLog.logAccepted(handled.accepted, request);
          return noted(handled);
        });
      } else {
        admin.post("/purge", refusing(log));
      }
      for (const [name, hook] of hooks) {
        const recipient: Recipient = { name, credential: "hook", hook };
        admin.post(`/hooks/${name}`, (context) =>
          received(context.req.raw, recipient, requesterOf(context)),
        );
      }
    },
    dialect: varnish && {
      methods: varnish.methods,
      answer(request, background, address) {
        const hook = varnish.hookFor(addressOf({ client: request.headers, address }));
        const requester = { atMs: nowAtMs(), afterAnswer: cache.behind(background) };
        return received(request, { name: "varnish", credential: "varnish", hook }, requester);
      },
    },
  };
}

/** Answers 404, as for an unknown path, and logs the reason at the first purge. */
function refusing(log: Log) {
  const why = "Neither PURGE_SECRET nor ADMIN_TOKEN is set.";
  const hint = "Set PURGE_SECRET here and at your site.";
  const tell = once(() => {
    const message = faultText({ what: "A purge got 404.", why, hint });
    log({ event: "fault", level: "warn", message });
    return message;
  });
  return () => {
    tell();
    return plainPage("nothing");
  };
}

/** A hook, or the dialect. */
interface Recipient extends Pick<HookRouteSettings, "credential"> {
  /** The name in metrics. */
  readonly name: string;
  readonly hook: Pick<Hook, "receive">;
}

interface HookRouteSettings extends AcceptanceRouteSettings {
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
function hookRoute(
  request: Request,
  hook: Pick<Hook, "receive">,
  settings: HookRouteSettings,
  requester: Requester,
): Promise<PurgeAnswer> {
  const { gate, naming, nowAtMs, log, purgeLog, credential } = settings;
  const { afterAnswer } = requester;
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
      const handled = await acceptPurge(order, sender, settings, requester);
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
