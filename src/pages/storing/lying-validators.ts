// Finds out whether the origin's validators lie about a URL: an answer has the validator of an older response, and
// another body. A weak validator lies only if a purge covers that response. From then on, clients get the entity tag
// of the body. A marker keeps the fact for the URL (`contentTagName`), so it outlives the response, and reaches other
// isolates and colos.
import { fieldsOf } from "../../rules/fields.ts";
import { selectingValues } from "../../rules/selecting.ts";
import {
  conditionalFields,
  contentTagName,
  entityTag,
  hasValidator,
  isNotModified,
  isWeak,
} from "../../rules/validators.ts";
import { isPersonal } from "../request/personal.ts";
import { isDoubted, storedCandidate, type PendingRequest } from "../reuse/pending-request.ts";
import { isLyingUrl } from "./metadata-of-answer.ts";
import { contentTagOf, isOfLyingUrl, isValidator } from "../stored/content-tag.ts";
import { withTermsKept } from "../stored/lifetime.ts";
import type { RemovedResponse } from "../site/remembered-keys.ts";
import { type ResponseRead, type StoredMetadata, wholeBytes } from "../stored/stored-response.ts";

/**
 * Returns the metadata of an answer whose body is not known yet. If the origin's validators lie, or may lie, clients
 * get none until `taggedByBody` or `taggedByLength` has compared the body.
 */
export function withheldTag(metadata: StoredMetadata, pending: PendingRequest): StoredMetadata {
  if (pending.request.route.hasContentTags) return metadata;
  const before = replacedBy(pending);
  const isWithheld =
    before !== undefined &&
    isSameClaim(metadata, before, pending) &&
    (isDecisive(metadata, before) || before.metadata.contentTag !== undefined);
  return isWithheld || isOfLyingUrl(metadata)
    ? withTermsKept(metadata, { contentTag: "" })
    : metadata;
}

/**
 * Returns the metadata of a whole body, whose digest it has, with the validator for clients. A weak validator of a
 * lying URL stands for the same content until the next purge, because it allows other bytes.
 */
export function taggedByBody(metadata: StoredMetadata, pending: PendingRequest): StoredMetadata {
  const compared = taggedByLength(metadata, pending);
  if (compared.contentTag !== "") return compared;
  const before = replacedBy(pending);
  const isStill =
    before !== undefined &&
    isWeakClaim(metadata) &&
    isSameClaim(metadata, before, pending) &&
    !before.isDoubted();
  const contentTag = (isStill && before.metadata.contentTag) || tagOf(metadata);
  return withTermsKept(compared, { contentTag });
}

/** Returns the metadata of a body that may never be held whole. Then only another length shows that it is another body. */
export function taggedByLength(metadata: StoredMetadata, pending: PendingRequest): StoredMetadata {
  if (metadata.contentTag !== "" || isOfLyingUrl(metadata)) return metadata;
  const before = replacedBy(pending);
  if (before === undefined) return withTermsKept(metadata, { contentTag: undefined });
  const known = before.metadata;
  if (known === unseen) return metadata;
  // A length that is unknown may be another.
  const isSame = isSameBody(metadata, known) ?? !before.isDoubted();
  if (isDecisive(metadata, before) && !isSame) return ofLyingUrl(metadata);
  return known.contentTag === undefined
    ? withTermsKept(metadata, { contentTag: undefined })
    : metadata;
}

/** The claim of a removed response that memory may not have had. The next answer may have another body. */
export const unseen: RemovedResponse = {
  fields: [],
  selecting: [],
  bodyDigest: null,
  bodyBytes: null,
  contentTag: "",
};

/**
 * Returns the metadata for a client whose answer is not stored, or begins before its body can be compared. It has the
 * origin's validators, unless these lie or may have lied. Of a page of a session, nobody sees whether they lie.
 */
export function claimedUnseen(metadata: StoredMetadata, pending: PendingRequest): StoredMetadata {
  if (metadata.contentTag !== "" || isPersonal(pending.request)) return metadata;
  if (isOfLyingUrl(metadata) || mayHaveLied(pending)) return metadata;
  return withTermsKept(metadata, { contentTag: undefined });
}

/**
 * Returns whether a client may have another body with the validator that the origin has now. Its `If-Range` would
 * then mix both.
 */
export function mayHaveLied(pending: PendingRequest): boolean {
  const before = replacedBy(pending);
  return (
    pending.request.route.hasContentTags ||
    isLyingUrl({ ...pending, before: before?.metadata }) ||
    (before !== undefined &&
      (isPersonal(pending.request) ||
        before.isDoubted() ||
        before.metadata.contentTag !== undefined))
  );
}

/** Returns the part of a response in memory that a later answer is compared with. */
export function claimIn(read: ResponseRead): RemovedResponse | undefined {
  if (read.kind !== "found") return undefined;
  const { record } = read;
  if (record.kind === "vary") {
    const isLying = record.names.includes(contentTagName);
    return isLying ? { ...unseen, selecting: [[contentTagName, null]] } : undefined;
  }
  const { selecting, bodyDigest, bodyBytes, contentTag, heldApart } = record.stored.metadata;
  const fields = record.stored.metadata.fields.filter(([name]) => isValidator(name));
  return { fields, selecting, bodyDigest, bodyBytes, contentTag, heldApart };
}

/** Returns whether the origin's validator allows other bytes (RFC 9110 §8.8.1), as a date alone may. */
const isWeakClaim = (metadata: StoredMetadata): boolean =>
  isWeak(entityTag(fieldsOf(metadata)) ?? "W/");

/** Returns whether another body than the older one shows that the validator lies. */
const isDecisive = (metadata: StoredMetadata, before: OlderClaim): boolean =>
  before.isDoubted() || !isWeakClaim(metadata);

interface OlderClaim {
  readonly metadata: RemovedResponse;
  readonly isDoubted: () => boolean;
}

/** Returns the response that the answer replaces, even if it may not answer, or has been invalidated. */
function replacedBy(pending: PendingRequest): OlderClaim | undefined {
  const found = storedCandidate(pending) ?? pending.standing;
  if (found !== undefined) {
    return { metadata: found.stored.metadata, isDoubted: () => isDoubted(found, pending) };
  }
  const { key, request, exchange } = pending;
  const { invalidations } = exchange.site;
  const metadata = invalidations.removed(key.text) ?? invalidations.removed(request.key.text);
  return metadata && { metadata, isDoubted: () => true };
}

/** Returns whether a client that has the older response would be told that it has the answer. */
function isSameClaim(
  metadata: StoredMetadata,
  older: OlderClaim,
  { request }: PendingRequest,
): boolean {
  if (older.metadata === unseen) return hasValidator(fieldsOf(metadata));
  // A page of another build may have the date, but not the ETag, and the clients' dates do not count.
  const isDateFit = request.route.builds === undefined;
  const lines = conditionalFields(fieldsOf(older.metadata), isDateFit);
  return isNotModified({
    request: fieldsOf({ fields: lines }),
    stored: fieldsOf(metadata),
    status: metadata.status,
    receivedAtMs: undefined,
  });
}

/** Returns `undefined` if neither both digests nor both lengths are known. */
function isSameBody(one: RemovedResponse, other: RemovedResponse): boolean | undefined {
  const [oneDigest, otherDigest] = [wholeDigest(one), wholeDigest(other)];
  if (oneDigest !== null && otherDigest !== null) return oneDigest === otherDigest;
  const [oneBytes, otherBytes] = [wholeBytes(one), wholeBytes(other)];
  return oneBytes === null || otherBytes === null ? undefined : oneBytes === otherBytes;
}

/** The record of a body that is held apart has the digest of an empty one. */
const wholeDigest = ({ bodyDigest, heldApart }: RemovedResponse): string | null =>
  heldApart === undefined ? bodyDigest : null;

function ofLyingUrl(metadata: StoredMetadata): StoredMetadata {
  const own = selectingValues([contentTagName], fieldsOf(metadata));
  const selecting = [...metadata.selecting, ...own].toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return withTermsKept(metadata, { contentTag: tagOf(metadata), selecting });
}

/** Returns the entity tag of the body, which may stand for other bytes as well if the origin's validator may. */
function tagOf(metadata: StoredMetadata): string {
  const tag = contentTagOf(metadata);
  return tag === "" || isWeak(tag) || !isWeakClaim(metadata) ? tag : `W/${tag}`;
}
