// Why an origin's answer is not stored: all reasons, in the order of their checks.
import type { Route } from "../../config/config.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import { isOfOneRequest, mayStore, type StorableVerdict } from "../../rules/storable.ts";
import { fieldsOf, isErrorStatus } from "../../rules/fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { unknownCookies } from "../request/cookies.ts";
import { credentialsIn, isPersonal, type PersonalRule, personalRule } from "../request/personal.ts";
import { originAnsweredAt } from "./metadata-of-answer.ts";
import { streamBytesMax } from "./in-tiers.ts";
import {
  assignedLifetimeSeconds,
  isNamedStatus,
  keepUntilAtMs,
  termsOf,
} from "../stored/lifetime.ts";
import { storedCandidate, type OriginNeed, questionOf } from "../reuse/need.ts";
import { judgedUnder } from "../reuse/verdict.ts";
import { namesClient } from "./of-one-client.ts";
import type { LookupRequest } from "../request/plan.ts";
import { endsVariants, hasRoomFor, type VariantPlace } from "./variants.ts";

/** The rule that refused an answer, as `Cache-Status` and the stats name it. */
export type StoreRefusal =
  | Extract<StorableVerdict, { kind: "refused" }>["rule"]
  | PersonalRule
  | "tags-failed"
  | "too-large"
  | "cut-short"
  | "names-client"
  | "too-many-variants"
  | "withheld-field"
  | "refresh-failed"
  | "unconfirmed"
  | "switch";

/** The refusing rule with the names that it is about: unknown cookies, or selecting fields. */
export type RefusedStore = RuleAndNames & { readonly rule: StoreRefusal };

/** Refusals because a part of the answer is for one client alone. */
export const ofOneClient: ReadonlySet<StoreRefusal | undefined> = new Set<StoreRefusal>([
  "set-cookie",
  "unknown-cookie",
  "credential-field",
  "names-client",
]);

/**
 * Decides whether an answer is stored.
 *
 * @param received all fields of the origin
 * @returns `undefined` if it is
 */
export function refusedBy(
  metadata: StoredMetadata,
  received: Headers,
  need: OriginNeed,
): RefusedStore | undefined {
  const rule =
    refusalToStore(metadata, received, need) ??
    (isFailedRefresh(metadata.status, need) ? "refresh-failed" : undefined) ??
    (isUnconfirmed(metadata, need) ? "unconfirmed" : undefined) ??
    (hasRoomFor(metadata, need) ? undefined : "too-many-variants");
  return rule && refused(rule, metadata, need.asked);
}

/**
 * Checks the rules that depend only on this answer (RFC 9111 §3, then ours).
 *
 * @param received all fields of the origin
 * @returns why the response is not stored; `undefined` if it is
 */
export function refusalToStore(
  metadata: StoredMetadata,
  received: Headers,
  place: VariantPlace,
): StoreRefusal | undefined {
  const { asked, exchange } = place;
  const { site } = exchange;
  const terms = termsOf(metadata, asked.route);
  const verdict = mayStore({
    request: {
      method: asked.method,
      noStore: asked.directives.noStore,
      hasAuthorization: false,
    },
    status: metadata.status,
    fields: fieldsOf(metadata),
    governing: terms.governing,
    lifetimeAssigned: assignedLifetimeSeconds(asked.route, metadata, terms.governing) !== undefined,
    isNamed: isNamedStatus(asked.route, metadata.status),
    hasUse:
      keepUntilAtMs(metadata, terms) > metadata.respondedAtMs &&
      (terms.canBeValidated || !terms.alwaysValidate),
  });
  if (verdict.kind === "refused") return verdict.rule;
  const { selecting } = metadata;
  const personal = personalRule(asked, { isShared: terms.isShared, selecting });
  if (personal !== undefined) return personal;
  // A request without `Origin` must not get an answer for one origin alone.
  const isAlone =
    asked.forwarded.sent.has("origin") &&
    originAnsweredAt(fieldsOf(metadata), place) === "one-client";
  if (isAlone) return "names-client";
  if (unsentIn(metadata, asked).length > 0) return "withheld-field";
  // The last check of fields, because it searches all of them.
  if (namesClient(received, metadata, asked)) return "names-client";
  if (metadata.lacksRouteTags === true) return "tags-failed";
  // Known in advance only if the origin stated a length.
  const bytes = metadata.bodyBytes ?? 0;
  const isTooLarge =
    bytes > site.config.limits.bufferBytes && bytes > streamBytesMax(asked, site.tiers);
  if (isTooLarge) return "too-large";
  // The request was forwarded before the bypass was posted: its answer is not stored (rule 24).
  return site.bypasses(asked.route.name) ? "switch" : undefined;
}

/** Returns whether a refresh got an error. No client sees it, so it does not replace the page. */
function isFailedRefresh(status: number, need: OriginNeed): boolean {
  const before = storedCandidate(need)?.stored.metadata.status;
  if (!need.exchange.decision.isRefresh || before === undefined) return false;
  return isOfOneRequest(status) && !isOfOneRequest(before);
}

/**
 * Returns whether an error or redirect needs confirmation by an anonymous request, because its client may
 * have provoked it:
 * - its lifetime is from the route, not from the origin;
 * - a success is stored, or was in the last ten minutes;
 * - it would remove stored variants.
 */
function isUnconfirmed(metadata: StoredMetadata, need: OriginNeed): boolean {
  if (metadata.status < 300) return false;
  const { asked, exchange } = need;
  const before = storedCandidate(need) ?? need.standing;
  if (!asked.isAnonymous && isStoredByRoute(metadata, asked.route)) return true;
  if (before === undefined) {
    const hasStood =
      !asked.isAnonymous && exchange.site.uncacheable.stood.has(asked.key.text, exchange.nowAtMs());
    // Redis may have a success that this client may not get.
    const isUnseen = isPersonal(asked) && need.inShared === "passed-over";
    return hasStood || isUnseen || endsVariants(metadata, need);
  }
  const statusBefore = before.stored.metadata.status;
  const isWorse = isErrorStatus(metadata.status)
    ? !isErrorStatus(statusBefore)
    : statusBefore < 300;
  if (asked.isAnonymous || !isWorse) return false;
  const judged = judgedUnder(questionOf(need), before);
  return judged.kind !== "purged" || judged.mode === "soft";
}

/** Returns whether the answer is an error or redirect whose lifetime is the route's own. */
export function isStoredByRoute(metadata: StoredMetadata, route: Route): boolean {
  return metadata.status >= 300 && termsOf(metadata, route).isAssigned;
}

/** @returns the refusal with the names that it is about */
export function refused(
  rule: StoreRefusal,
  metadata: StoredMetadata,
  asked: LookupRequest,
): RefusedStore {
  return { rule, names: namesIn(rule, metadata, asked) };
}

function namesIn(refusal: StoreRefusal, metadata: StoredMetadata, asked: LookupRequest): string[] {
  const { forwarded, route } = asked;
  if (refusal === "too-many-variants") return metadata.selecting.map(([name]) => name);
  if (refusal === "withheld-field") return unsentIn(metadata, asked);
  if (refusal === "credential-field") return [...credentialsIn(asked, metadata)];
  if (refusal !== "unknown-cookie") return [];
  return unknownCookies(forwarded, route).flatMap(({ name }) => name ?? []);
}

/** Returns fields of the response's Vary that the origin did not get. With any, it is no usable variant. */
function unsentIn({ selecting }: StoredMetadata, { forwarded }: LookupRequest): string[] {
  return forwarded.unsent(selecting.map(([name]) => name));
}
