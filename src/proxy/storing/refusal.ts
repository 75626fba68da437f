// Why an origin's answer is not stored: all reasons, in the order in which they are looked for.
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
import { atHand, type Need, questionOf } from "../reuse/need.ts";
import { judgedUnder } from "../reuse/verdict.ts";
import { namesClient } from "./of-one-client.ts";
import type { Asked } from "../request/plan.ts";
import { endsVariants, hasRoomFor, type VariantPlace } from "./variants.ts";

/** The rule that keeps an answer from being stored, as `Cache-Status` and the stats name it. */
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

/** The rule that refused, and names that it is about: cookies that nobody knows, fields that select. */
export type Refused = RuleAndNames & { readonly rule: StoreRefusal };

/** With these the answer has something in it that is for one client alone. */
export const ofOneClient: ReadonlySet<StoreRefusal | undefined> = new Set<StoreRefusal>([
  "set-cookie",
  "unknown-cookie",
  "credential-field",
  "names-client",
]);

/**
 * Decides whether an answer is stored.
 *
 * @param received the origin's own fields, nothing left out
 * @returns `undefined` where it is
 */
export function refusedBy(
  metadata: StoredMetadata,
  received: Headers,
  need: Need,
): Refused | undefined {
  const rule =
    refusalToStore(metadata, received, need) ??
    (isFailedRefresh(metadata.status, need) ? "refresh-failed" : undefined) ??
    (isUnconfirmed(metadata, need) ? "unconfirmed" : undefined) ??
    (hasRoomFor(metadata, need) ? undefined : "too-many-variants");
  return rule && refused(rule, metadata, need.asked);
}

/**
 * The rules that an answer keeps or breaks by itself (RFC 9111 §3, then ours).
 *
 * @param received the origin's own fields, nothing left out
 * @returns why the response is not to be stored; `undefined` when it is
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
  // A request without `Origin` gets no answer that is for one origin alone.
  const isAlone =
    asked.forwarded.sent.has("origin") &&
    originAnsweredAt(fieldsOf(metadata), place) === "one-client";
  if (isAlone) return "names-client";
  if (unsentIn(metadata, asked).length > 0) return "withheld-field";
  // Last of what is asked of its fields: it looks through all of them.
  if (namesClient(received, metadata, asked)) return "names-client";
  if (metadata.lacksRouteTags === true) return "tags-failed";
  // Known beforehand only where the origin gave a length.
  const bytes = metadata.bodyBytes ?? 0;
  const isTooLarge =
    bytes > site.config.limits.bufferBytes && bytes > streamBytesMax(asked, site.tiers);
  if (isTooLarge) return "too-large";
  // The request was forwarded before the post: its answer is not stored (rule 24).
  return site.bypasses(asked.route.name) ? "switch" : undefined;
}

/** An error that a refresh brings is told to nobody, so it takes no page's place either. */
function isFailedRefresh(status: number, need: Need): boolean {
  const before = atHand(need)?.stored.metadata.status;
  if (!need.exchange.decision.isRefresh || before === undefined) return false;
  return isOfOneRequest(status) && !isOfOneRequest(before);
}

/**
 * Does an error or a redirect wait for an anonymous request that gets the same? The client may have provoked it. So it waits
 * - if the route gives it a lifetime, and not its origin;
 * - over a success that is stored, or was in the last ten minutes;
 * - if it would end stored variants.
 */
function isUnconfirmed(metadata: StoredMetadata, need: Need): boolean {
  if (metadata.status < 300) return false;
  const { asked, exchange } = need;
  const before = atHand(need) ?? need.standing;
  if (!asked.isAnonymous && isStoredByRoute(metadata, asked.route)) return true;
  if (before === undefined) {
    const hasStood =
      !asked.isAnonymous && exchange.site.uncacheable.stood.has(asked.key.text, exchange.nowAtMs());
    // Redis may have a success that this client may not have.
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

/** Is it an error or a redirect to which the route gives a lifetime, and not its origin? */
export function isStoredByRoute(metadata: StoredMetadata, route: Route): boolean {
  return metadata.status >= 300 && termsOf(metadata, route).isAssigned;
}

/** @returns the refusal with the names that it is about */
export function refused(rule: StoreRefusal, metadata: StoredMetadata, asked: Asked): Refused {
  return { rule, names: namesIn(rule, metadata, asked) };
}

function namesIn(refusal: StoreRefusal, metadata: StoredMetadata, asked: Asked): string[] {
  const { forwarded, route } = asked;
  if (refusal === "too-many-variants") return metadata.selecting.map(([name]) => name);
  if (refusal === "withheld-field") return unsentIn(metadata, asked);
  if (refusal === "credential-field") return [...credentialsIn(asked, metadata)];
  if (refusal !== "unknown-cookie") return [];
  return unknownCookies(forwarded, route).flatMap(({ name }) => name ?? []);
}

/** It varies by these, and its origin was asked without them: it is nobody's variant. */
function unsentIn({ selecting }: StoredMetadata, { forwarded }: Asked): string[] {
  return forwarded.unsent(selecting.map(([name]) => name));
}
