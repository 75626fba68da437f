// Decides whether an origin's answer is stored. The checks are in order of priority.
import type { Route } from "../../config/config.ts";
import {
  faultyBuild,
  partFault,
  type PartFailure,
  type PartRefusal,
  partRefusals,
  type Objections,
} from "../../part/port/phases.ts";
import { explicitLifetimeSeconds } from "../../rules/freshness.ts";
import { responseMediaTypes, typesAgainst } from "../../rules/media-types.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import { isOfOneRequest, mayStore, type StorableVerdict } from "../../rules/storable.ts";
import { fieldsOf, hasLostOctets, isErrorStatus } from "../../rules/fields.ts";
import { valueNamesMax } from "../../cache/record/record.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { tagFieldNames, valueNamesIn } from "../stored/tags.ts";
import type { PagePlace } from "../site/exchange.ts";
import { readingsOf } from "../../routing/path-readings.ts";
import { unknownCookies } from "../../routing/cookies.ts";
import { credentialsIn, isPersonal, type PersonalRule, personalRule } from "../request/personal.ts";
import type { AnswerEffects } from "./answer-effects.ts";
import { isFromBeforePurge } from "./from-before-purge.ts";
import { isTypeInDoubt, originAnsweredAt } from "./metadata-of-answer.ts";
import { streamBytesMax } from "./in-tiers.ts";
import {
  assignedLifetimeSeconds,
  isNamedStatus,
  keepUntilAtMs,
  namedErrorSeconds,
  termsOf,
} from "../stored/lifetime.ts";
import { storedCandidate, questionOf, type PendingRequest } from "../reuse/pending-request.ts";
import { judgedUnder } from "../reuse/may-answer.ts";
import { fieldsOfVariants } from "../reuse/vary-markers.ts";
import { namesClient } from "./of-one-client.ts";
import type { LookupRequest } from "../request/plan.ts";
import { endsVariants, hasRoomFor, type VariantPlace } from "./variant-list.ts";

/** The rule that refused an answer, by its name in `Cache-Status` and the stats. */
export type StoreRefusal =
  | Extract<StorableVerdict, { kind: "refused" }>["rule"]
  | PersonalRule
  | PartFailure
  | PartRefusal
  | "answer-rule"
  | "gate-refused"
  | "before-purge"
  | "extension-mismatch"
  | "tags-failed"
  | "stale-value"
  | "too-many-tags"
  | "too-large"
  | "memory-short"
  | "cut-short"
  | "names-client"
  | "too-many-variants"
  | "withheld-field"
  | "undecoded-field"
  | "undecoded-key"
  | "refresh-failed"
  | "unconfirmed"
  | "switch";

/**
 * The refusing rule, and the names that it concerns: unknown cookies, credentials or selecting
 * fields.
 */
export type RefusedStore = RuleAndNames & { readonly rule: StoreRefusal };

/**
 * Refusals because the answer may be older than a purge or a release. Such an answer is provisional, and no tier
 * keeps it.
 */
const provisionalRules: ReadonlySet<StoreRefusal | undefined> = new Set<StoreRefusal>([
  ...partRefusals,
  partFault,
  "before-purge",
  "stale-value",
]);

/** Returns whether an answer is provisional; see `stored/provisional.ts`. */
export function isProvisional(
  { provisional }: Pick<StoredMetadata, "provisional">,
  rule: StoreRefusal | undefined,
): boolean {
  return provisional !== undefined || provisionalRules.has(rule);
}

/** Refusals because the answer, or a part of it, may be for one client alone. */
export const ofOneClient: ReadonlySet<StoreRefusal | undefined> = new Set<StoreRefusal>([
  "set-cookie",
  "unknown-cookie",
  "credential-field",
  "names-client",
  "extension-mismatch",
]);

/** The effects of an answer, with the objections of the route's parts. */
type JudgedAnswer = AnswerEffects & Objections;

/** Returns the rule by which an answer is not stored; `undefined` if the answer is stored. */
export function refusedBy(
  metadata: StoredMetadata,
  answer: JudgedAnswer,
  pending: PendingRequest,
): RefusedStore | undefined {
  const rule =
    refusalToStore(metadata, answer, pending) ??
    (isFailedRefresh(metadata, pending) ? "refresh-failed" : undefined) ??
    (isUnconfirmed(metadata, pending) ? "unconfirmed" : undefined) ??
    (hasRoomFor(metadata, pending) ? undefined : "too-many-variants");
  return rule && refused(rule, metadata, pending.request, answer);
}

/**
 * Checks the rules of RFC 9111 §3, and then Tidemark's own, except those that `refusedBy` adds. The
 * result does not depend on the stored response that the answer would replace.
 *
 * @returns why the response is not stored; `undefined` if these rules allow storing
 */
export function refusalToStore(
  metadata: StoredMetadata,
  { headers: received, cookies, failure, refusal }: JudgedAnswer,
  place: VariantPlace,
): StoreRefusal | undefined {
  const { request, exchange } = place;
  const { site } = exchange;
  const { status } = metadata;
  const headers = fieldsOf(metadata);
  // A page in place of an asset may be for one client; see `mismatchedTypes`.
  if (failure !== undefined && status !== 200) return failure.rule;
  if (metadata.release === faultyBuild) return partFault;
  const terms = termsOf(metadata, request.route);
  const isUnstored = unstoringRules(metadata, request).length > 0;
  if (request.gate !== undefined && refusesGate(metadata)) return "gate-refused";
  const verdict = mayStore({
    request: { method: request.method, noStore: request.directives.noStore },
    status,
    fields: headers,
    setsCookie: cookies.length > 0,
    governing: terms.governing,
    lifetimeAssigned:
      assignedLifetimeSeconds(request.route, metadata, terms.governing) !== undefined,
    isNamed: isNamedStatus(request.route, metadata) || isStatedFailure(metadata, request.route),
    // A rule that forbids storing is the reason, whatever use the response would have.
    hasUse:
      isUnstored ||
      (keepUntilAtMs(metadata, terms) > metadata.respondedAtMs &&
        (terms.canBeValidated || !terms.alwaysValidate)),
  });
  if (verdict.kind === "refused") return verdict.rule;
  const { selecting } = metadata;
  const personal = personalRule(request, { isShared: terms.isShared, selecting });
  if (personal !== undefined) return personal;
  if (refusal !== undefined) return refusal.rule;
  const answer = { headers: received, requestedAtMs: metadata.requestedAtMs };
  if (isFromBeforePurge(answer, metadata, place)) return "before-purge";
  if (isUnstored) return "answer-rule";
  if (mismatchedTypes(metadata, request).length > 0) return "extension-mismatch";
  // The answer to a malformed or rejected `Origin` is for this client alone; see `originAnswered`.
  const isAlone =
    request.forwarded.sent.has("origin") && originAnsweredAt(headers, place) === "one-client";
  if (isAlone) return "names-client";
  if (unsentIn(metadata, request).length > 0) return "withheld-field";
  if (undecodedInKey(metadata, request).length > 0) return "undecoded-key";
  // Clients do not get the tags, and a purge finds them (`tagSpellings`).
  const unsent = site.config.cacheInFront ? [] : tagFieldNames(site.config);
  if (undecodedIn(metadata.fields).some((name) => !unsent.includes(name))) return "undecoded-field";
  // This check is the last of the field checks, because it searches all fields.
  if (namesClient(received, metadata, request)) return "names-client";
  if (metadata.lacksRouteTags === true) return "tags-failed";
  const ofValues = refusalForValues(metadata, place);
  if (ofValues !== undefined) return ofValues;
  if (failure !== undefined) return failure.rule;
  // The size is known in advance only if the origin sends Content-Length.
  const bytes = metadata.bodyBytes ?? 0;
  const isTooLarge =
    bytes > site.config.limits.bufferBytes && bytes > streamBytesMax(request, site.tiers);
  if (isTooLarge) return "too-large";
  // Do not store an answer if a bypass was posted after the request was forwarded (rule 24).
  return site.bypasses(request.route.name) ? "switch" : undefined;
}

/**
 * Returns why a response is not stored because of the values of data that it is made of: one was stale, as after a soft
 * purge, or they are too many for their purges to cover the response.
 */
export function refusalForValues(
  metadata: StoredMetadata,
  { exchange: { reads } }: Pick<PagePlace, "exchange">,
): "stale-value" | "too-many-tags" | undefined {
  if (reads === undefined) return undefined;
  if (reads.isStale) return "stale-value";
  const areMany = reads.areTooMany || valueNamesIn(metadata).length > valueNamesMax;
  return areMany ? "too-many-tags" : undefined;
}

/**
 * Returns whether the origin has not let a checked request in: it answers 401 or 403, or redirects, perhaps to a
 * login.
 */
const refusesGate = ({ status }: StoredMetadata): boolean =>
  status === 401 || status === 403 || (status > 300 && status < 400);

/**
 * Returns whether a refresh got an error in place of a page. No client waits for the error, so the
 * stored page remains. So it does after a server error that the route does not name.
 */
function isFailedRefresh(metadata: StoredMetadata, pending: PendingRequest): boolean {
  const before = storedCandidate(pending)?.stored.metadata.status;
  const { request, exchange } = pending;
  const keepsPage = exchange.decision.isRefresh || isStatedFailure(metadata, request.route);
  if (!keepsPage || before === undefined) return false;
  return isOfOneRequest(metadata.status) && !isOfOneRequest(before);
}

/**
 * Returns whether an answer needs confirmation by an anonymous request, because a client may have provoked it: an answer
 * that its `Accept` may have chosen (`isTypeInDoubt`), or an error or redirect in these cases:
 * - `needsConfirmation` says so.
 * - A better response is stored, or a success was stored recently or may be in the skipped Redis.
 * - The answer would remove stored variants.
 */
function isUnconfirmed(metadata: StoredMetadata, pending: PendingRequest): boolean {
  const { request, exchange } = pending;
  const before = storedCandidate(pending) ?? pending.standing;
  if (isTypeInDoubt(metadata, { ...pending, before: before?.stored.metadata })) return true;
  if (metadata.status < 300) return false;
  if (!request.isAnonymous && needsConfirmation(metadata, request.route)) return true;
  if (before === undefined) {
    const hasStood =
      !request.isAnonymous &&
      exchange.site.uncacheable.successes.has(request.key.text, exchange.nowAtMs());
    // The lookup skipped Redis, which may contain a success.
    const isUnseen = isPersonal(request) && pending.inShared === "passed-over";
    return hasStood || isUnseen || endsVariants(metadata, pending);
  }
  const statusBefore = before.stored.metadata.status;
  const isWorse = isErrorStatus(metadata.status)
    ? !isErrorStatus(statusBefore)
    : statusBefore < 300;
  if (request.isAnonymous || !isWorse) return false;
  // The position that this client has sent proves nothing against the response of other clients.
  const forAll = { ...exchange, reach: undefined };
  const judged = judgedUnder(questionOf({ ...pending, exchange: forAll }), before);
  return judged.kind !== "purged" || judged.mode === "soft";
}

/**
 * Returns whether an error or a redirect is stored only from an anonymous request: its lifetime is from
 * the route, the route gives its status a duration, or it is a server error that the route does not name.
 */
export function needsConfirmation(metadata: StoredMetadata, route: Route): boolean {
  const isByRoute = metadata.status >= 300 && termsOf(metadata, route).isAssigned;
  const isNamed = namedErrorSeconds(route, metadata) !== undefined;
  return isByRoute || isNamed || isStatedFailure(metadata, route);
}

/**
 * Returns whether the origin states a lifetime for a server error that the route does not name. A field
 * of a client may cause such an error, and the rate limiter of an origin 503, but an anonymous request
 * has no field of a client outside the key. The method alone decides 501.
 */
function isStatedFailure(metadata: StoredMetadata, route: Route): boolean {
  const { status, respondedAtMs: receivedAtMs } = metadata;
  if (status < 500 || status === 501 || isNamedStatus(route, metadata)) return false;
  const { governing } = termsOf(metadata, route);
  const seconds = explicitLifetimeSeconds({ governing, fields: fieldsOf(metadata), receivedAtMs });
  return seconds !== "unstated" && seconds > 0;
}

/** Returns the refusal with the names that it concerns. */
export function refused(
  rule: StoreRefusal,
  metadata: StoredMetadata,
  request: LookupRequest,
  { failure, refusal }: Objections = {},
): RefusedStore {
  const byPart = [failure, refusal].find((objection) => objection?.rule === rule);
  return { rule, names: byPart?.names ?? namesIn(rule, metadata, request) };
}

function namesIn(
  refusal: StoreRefusal,
  metadata: StoredMetadata,
  request: LookupRequest,
): string[] {
  const { forwarded, route } = request;
  if (refusal === "answer-rule") return unstoringRules(metadata, request);
  if (refusal === "gate-refused") return request.gate === undefined ? [] : [request.gate.name];
  if (refusal === "extension-mismatch") return mismatchedTypes(metadata, request);
  if (refusal === "too-many-variants") {
    return [...fieldsOfVariants(metadata.selecting.map(([name]) => name))];
  }
  if (refusal === "withheld-field") return unsentIn(metadata, request);
  if (refusal === "undecoded-field") return undecodedIn(metadata.fields);
  if (refusal === "undecoded-key") return undecodedInKey(metadata, request);
  if (refusal === "credential-field") return [...credentialsIn(request, metadata)];
  if (refusal !== "unknown-cookie") return [];
  return unknownCookies(forwarded, route).flatMap(({ name }) => name ?? []);
}

/** Returns the rules that forbid storing, such as `answer.0`. */
function unstoringRules({ ruleMatch }: StoredMetadata, { route }: LookupRequest): string[] {
  const rules = ruleMatch?.rules.filter((nth) => route.answer[nth]?.isStored === false) ?? [];
  return rules.map((nth) => `answer.${nth}`);
}

/** Matches a dot, also one that only some readings of an escape have. */
const mayHaveExtension = /[.%]/;

/**
 * Returns the media types of a success that contradict an extension of the path, in any reading of it
 * (cache deception armour). An origin may answer `/account/x.css` with the client's account.
 */
function mismatchedTypes(metadata: StoredMetadata, { route, target }: LookupRequest): string[] {
  if (!route.deceptionArmour || metadata.status >= 300 || !mayHaveExtension.test(target.path))
    return [];
  const paths = [target.path, ...(readingsOf(target.path) ?? [])];
  return typesAgainst(paths, responseMediaTypes(fieldsOf(metadata)));
}

/**
 * Returns the fields of the response's `Vary` that the origin did not receive, or only in part. If
 * there are any, the response is not a usable variant.
 */
function unsentIn({ selecting }: StoredMetadata, { forwarded }: LookupRequest): string[] {
  return forwarded.unsent(selecting.map(([name]) => name));
}

function undecodedIn(fields: readonly (readonly [name: string, value: string | null])[]): string[] {
  return fields.flatMap(([name, value]) => (hasLostOctets(value ?? "") ? name : []));
}

/**
 * Returns the request fields of the key whose octets are lost. Requests with different octets would
 * have the same key.
 */
function undecodedInKey({ selecting }: StoredMetadata, request: LookupRequest): string[] {
  const { forwarded, route, keyedCookies } = request;
  const keyed = route.keyHeaders.map((name) => [name, forwarded.get(name)] as const);
  return undecodedIn([...selecting, ...keyed, ["cookie", keyedCookies]]);
}
