// Why an origin's answer is not stored, and what follows from that for what was stored before.
import {
  isOfOneRequest,
  mayStore,
  sharedExplicitly,
  type StorableVerdict,
} from "../../http/storable.ts";
import { fieldsOf } from "../../http/fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { unknownCookies } from "../request/cookies.ts";
import { originAnsweredAt, streamBytesMax } from "./fill.ts";
import {
  assignedLifetimeSeconds,
  isNamedStatus,
  keepUntilAtMs,
  termsOf,
} from "../stored/lifetime.ts";
import { atHand, type Need, policyOf } from "../reuse/need.ts";
import { namesClient } from "./of-one-client.ts";
import type { Asked } from "../request/plan.ts";
import type { Ports } from "../ports.ts";
import { removeStored } from "./store.ts";
import type { VariantPlace } from "./variants.ts";
import type { Candidate } from "../reuse/verdict.ts";

export type StoreRefusal =
  | Extract<StorableVerdict, { kind: "refused" }>["rule"]
  | "unknown-cookie"
  | "tags-failed"
  | "too-large"
  | "names-client"
  | "too-many-variants"
  | "withheld-field"
  | "refresh-failed";

/** Refusals that hold for whoever asks for this key next. */
const holdsForAll: ReadonlySet<StoreRefusal> = new Set<StoreRefusal>([
  "no-store",
  "private",
  "set-cookie",
  "vary-any",
  "not-allowed-explicitly",
  "no-use",
  "tags-failed",
]);

/** With these its origin says that what it answers now is not for all. */
const saidByOrigin: ReadonlySet<StoreRefusal> = new Set<StoreRefusal>([
  "no-store",
  "private",
  "set-cookie",
  "vary-any",
]);

/** With these the answer has something in it that is for one client alone. */
export const ofOneClient: ReadonlySet<StoreRefusal | undefined> = new Set<StoreRefusal>([
  "set-cookie",
  "unknown-cookie",
  "names-client",
]);

/**
 * Other errors and redirects tell how the origin is, or what it made of this one request: whoever
 * can provoke one must not take a stored response from everybody.
 */
const isGone = (status: number): boolean => status === 404 || status === 410;
const tellsOfResource = (status: number): boolean =>
  status < 300 || status === 301 || status === 308 || isGone(status);

/** Who was refused, and the stored response that the answer takes the place of. */
type Refused = Pick<Need, "asked" | "ports" | "key"> & {
  readonly replaced: Candidate | undefined;
};

/**
 * Remembers what proved uncacheable, and forgets what no longer is. What was stored before an
 * answer that none may store is old by that answer, and ends.
 *
 * @param status of the answer that was refused
 */
export function heedRefusal(
  refusal: StoreRefusal | undefined,
  status: number,
  refused: Refused,
): void {
  const { asked, ports, key, replaced } = refused;
  if (refusal === undefined) return ports.uncacheable.forget(key.text);
  const isForAll = holdsForAll.has(refusal) && !asked.hasUnknownCookie;
  if (!isForAll || !tellsOfResource(status)) return;
  ports.uncacheable.mark(key.text, ports.nowAtMs());
  if (replaced === undefined) return;
  if (saidByOrigin.has(refusal) || isGone(status)) endStored(refused);
}

/**
 * Remembers of which keys those with unknown cookies get an answer of their own each, and forgets
 * those of which they no longer do. By the primary key, too: a marker may be in Redis alone.
 *
 * @param status of the answer
 */
export function heedForSessions(
  refusal: StoreRefusal | undefined,
  status: number,
  { asked, ports, key }: Pick<Need, "asked" | "ports" | "key">,
): void {
  if (!asked.hasUnknownCookie) return;
  const { uncacheable, nowAtMs } = ports;
  const isOwn = refusal !== undefined && (holdsForAll.has(refusal) || ofOneClient.has(refusal));
  for (const { text } of [key, asked.key]) {
    if (refusal === undefined) uncacheable.forgetForSessions(text);
    else if (isOwn && tellsOfResource(status)) uncacheable.markForSessions(text, nowAtMs());
  }
}

/** Under the key that it was read from, too: a marker found later leads to another. */
export function endStored({ asked, ports, key, replaced }: Refused): void {
  const { target } = asked;
  const hosts = [target.ownHost, target.host];
  for (const ended of new Set([key, replaced?.key ?? key])) {
    // Also what others have at hand by now, and what is on its way up from a lower tier.
    ports.invalidations.add(ended.text, ports.nowAtMs());
    removeStored(ended, ports, hosts);
  }
}

/**
 * @param received the origin's own fields, nothing left out
 * @returns why the response is not to be stored; `undefined` when it is
 */
export function refusalToStore(
  metadata: StoredMetadata,
  received: Headers,
  place: VariantPlace,
): StoreRefusal | undefined {
  const { asked, ports } = place;
  const terms = termsOf(metadata, policyOf({ asked, ports }));
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
  if (asked.hasUnknownCookie && !sharedExplicitly(terms.governing)) return "unknown-cookie";
  if (originAnsweredAt(fieldsOf(metadata), place) === "one-client") return "names-client";
  if (unsentIn(metadata, asked).length > 0) return "withheld-field";
  // Last of what is asked of its fields: it looks through all of them.
  if (namesClient(received, metadata, asked)) return "names-client";
  if (metadata.lacksRouteTags === true) return "tags-failed";
  return isTooLarge(metadata, asked, ports) ? "too-large" : undefined;
}

/** An error that a refresh brings is told to nobody, so it takes no page's place either. */
export function isFailedRefresh(status: number, need: Need): boolean {
  const before = atHand(need)?.stored.metadata.status;
  if (need.isForClient || before === undefined) return false;
  return isOfOneRequest(status) && !isOfOneRequest(before);
}

/** What a refusal is about, for who asks why: cookies that nobody knows, fields that select. */
export function namesIn(refusal: StoreRefusal, metadata: StoredMetadata, asked: Asked): string[] {
  const { forwarded, route } = asked;
  if (refusal === "too-many-variants") return metadata.selecting.map(([name]) => name);
  if (refusal === "withheld-field") return unsentIn(metadata, asked);
  if (refusal !== "unknown-cookie") return [];
  return unknownCookies(forwarded, route).flatMap(({ name }) => name ?? []);
}

/** It varies by these, and its origin was asked without them: it is nobody's variant. */
function unsentIn({ selecting }: StoredMetadata, { forwarded }: Asked): string[] {
  return forwarded.unsent(selecting.map(([name]) => name));
}

/** Known beforehand only where the origin gave a length. */
function isTooLarge(metadata: StoredMetadata, asked: Asked, ports: Ports): boolean {
  const bytes = metadata.bodyBytes ?? 0;
  return bytes > ports.config.limits.bufferBytes && bytes > streamBytesMax(asked);
}
