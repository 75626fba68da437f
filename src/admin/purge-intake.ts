// Accepts, counts and logs purges: those of `POST /_cache/purge`, and those that parts receive.
import { isWithinMs } from "../base/elapsed.ts";
import type { PagePurges, PageTargets, PurgePosition } from "../compose/data-beside-pages.ts";
import type { TieredCache } from "../compose/create-cache.ts";
import { loggedReason } from "../observe/log-line.ts";
import { namingOf } from "./naming.ts";
import type { Site } from "../pages/site/site.ts";
import type { ResponseDetail } from "../pages/stored/stored-response.ts";
import type { PurgeRefusal } from "../protocol/families.ts";
import type { SignedOrder } from "../purge/acceptance/acceptance.ts";
import {
  type ResolvedOrder,
  resolvedOrder,
  type TargetNames,
} from "../purge/acceptance/resolve-order.ts";
import { positionName, type PurgeOrder } from "../protocol/purge-order.ts";
import type { AcceptedPurge } from "../purge/view/positions.ts";
import type { Requester } from "../purge/view/view-port.ts";
import { traceIdOf } from "../rules/trace-context.ts";
import { journalAway, jsonAnswer, orderSummary } from "./json-answers.ts";
import { type PurgeAnswer, refused, unavailable, usedBefore } from "./purge-answers.ts";

interface IntakeSettings {
  readonly cache: TieredCache<ResponseDetail>;
  readonly site: Site;
  /** The parts of the site, once they are open. */
  readonly parts: readonly { readonly refresh?: PagePurges["refresh"] }[];
}

/** The attributes of the cookie with a purge's position (RFC 6265 §4.1). */
const attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";

const lacksRefresh = "No page is refreshed, because this Worker was created without operate().";

/** Anybody can cause refusals, so each reason has at most one line a second. */
const quietMs = 1_000;

/** The acceptance of purges in an isolate, for all receivers. */
export class PurgeIntake implements PagePurges {
  readonly naming: TargetNames;
  readonly #settings: IntakeSettings;
  readonly #refusals = new Map<PurgeRefusal, { loggedAtMs: number; leftOut: number }>();

  constructor(settings: IntakeSettings) {
    this.#settings = settings;
    this.naming = namingOf(settings.site);
  }

  /**
   * Accepts, counts and logs the purge of an authenticated sender. A receiver may have answered its
   * sender before.
   */
  async accept(
    order: ResolvedOrder,
    sender: Pick<SignedOrder, "id" | "by" | "bodyDigest">,
    request: Request,
    requester: Requester,
  ): Promise<PurgeAnswer> {
    const { site, cache } = this.#settings;
    const { purging } = cache;
    if (purging === undefined) return unavailable(cache.whyNoJournal);
    const { targets, mode, reason, reading } = order;
    const { acceptances, reach } = purging;
    const { visibleWithinSeconds } = site.config.purge;
    const signed = { targets, mode, reason, ...sender };
    const acceptance = await acceptances.accept(signed, requester);
    if (acceptance.kind === "conflict") return refused(409, "id-reused", usedBefore(sender.id));
    if (acceptance.kind === "unavailable") {
      return unavailable(journalAway(acceptance, "send it again with the same id"));
    }
    const { position, visibleByAtMs } = acceptance;
    this.#logAccepted(position, order, sender.by, request);
    const { origin } = new URL(request.url);
    const { notes, refreshing } = this.refresh(order.refresh, { ...requester, position, origin });
    const visibleBy = new Date(visibleByAtMs).toISOString();
    const members = {
      visibleWithinSeconds,
      visibleBy,
      reach,
      ...(order.refresh.length > 0 && { refreshing }),
      ...(await this.positionOf(acceptance)),
    };
    const read = { ...reading, notes: [...reading.notes, ...notes] };
    const answer = jsonAnswer({ position, ...orderSummary(read), ...members });
    return { answer, isAccepted: true };
  }

  refresh(...[urls, purge]: Parameters<PagePurges["refresh"]>): ReturnType<PagePurges["refresh"]> {
    if (urls.length === 0) return { refreshing: 0, notes: [] };
    const part = this.#settings.parts.find(({ refresh }) => refresh !== undefined);
    return part?.refresh?.(urls, purge) ?? { refreshing: 0, notes: [lacksRefresh] };
  }

  resolve(names: Pick<PurgeOrder, "urls" | "prefixes">): PageTargets {
    const order = resolvedOrder(names, this.naming);
    return "fault" in order ? order : { targets: order.targets, notes: order.reading.notes };
  }

  async positionOf(accepted: AcceptedPurge): Promise<PurgePosition> {
    const { positions, config } = this.#settings.site;
    const sealedPosition = await positions?.sealed(accepted);
    if (sealedPosition === undefined) return {};
    const maxAge = Math.ceil(config.purge.visibleWithinSeconds);
    const setCookie = `${positionName}=${sealedPosition}; Max-Age=${maxAge}; ${attributes}`;
    return { sealedPosition, setCookie };
  }

  /** Counts and logs a refusal. Returns the answer to the sender. */
  noted({ answer, refusal }: PurgeAnswer): Response {
    if (refusal !== undefined) {
      this.#settings.cache.metrics.add("purgeRefusals", [refusal]);
      this.#logRefused(refusal);
    }
    return answer;
  }

  #logAccepted(
    position: string,
    { mode, reason, reading: { counts, leftOutCount } }: ResolvedOrder,
    by: string,
    { headers }: Request,
  ): void {
    const { everything, ...numbers } = counts;
    const named = Object.entries(numbers).filter(([, count]) => count > 0);
    const what = everything
      ? "everything"
      : named.map(([kind, count]) => `${kind} ${count}`).join(", ");
    const left = leftOutCount > 0 ? ` ${leftOutCount} invalid names were left out.` : "";
    this.#settings.site.log({
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

  /** Logs the first refusal of each reason in a second, and counts the others. */
  #logRefused(rule: PurgeRefusal): void {
    const { log, nowAtMs } = this.#settings.site;
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
