// Finds out whether the origin's validators lie about a URL: an answer has the validator of a response that a
// purge covers, and another body. From then on, clients get the entity tag of the body. A marker keeps the fact
// for the URL (`contentTagName`), so it outlives the response, and reaches other isolates and colos.
import { fieldsOf } from "../../rules/fields.ts";
import { selectingValues } from "../../rules/selecting.ts";
import { conditionalFields, contentTagName, entityTag } from "../../rules/validators.ts";
import { isNotModified, isWeak } from "../../rules/validators.ts";
import { isDoubted, type PendingForward, storedCandidate } from "../reuse/pending-forward.ts";
import { contentTagOf, isOfLyingUrl } from "../stored/content-tag.ts";
import { withTermsKept } from "../stored/lifetime.ts";
import { type Candidate, type StoredMetadata, wholeBytes } from "../stored/stored-response.ts";

/**
 * Returns the metadata of an answer whose body is not known yet. If the origin's validators lie, or may lie, clients
 * get none until `taggedByBody` or `taggedByLength` has compared the body.
 */
export function withheldTag(metadata: StoredMetadata, pending: PendingForward): StoredMetadata {
  if (pending.request.route.hasContentTags) return metadata;
  const before = replacedBy(pending);
  const isSuspect =
    before !== undefined && isSameClaim(metadata, before, pending) && isDoubted(before, pending);
  return isSuspect || isOfLyingUrl(metadata)
    ? withTermsKept(metadata, { contentTag: "" })
    : metadata;
}

/**
 * Returns the metadata of a whole body, whose digest it has, with the validator for clients. A weak validator of a
 * lying URL stands for the same content until the next purge, because it allows other bytes.
 */
export function taggedByBody(metadata: StoredMetadata, pending: PendingForward): StoredMetadata {
  if (metadata.contentTag !== "") return metadata;
  const before = replacedBy(pending);
  const known = before?.stored.metadata;
  if (!isOfLyingUrl(metadata)) {
    const isSame =
      known?.bodyDigest === null
        ? isSameLength(metadata, known)
        : known?.bodyDigest === metadata.bodyDigest;
    return isSame ? withTermsKept(metadata, { contentTag: undefined }) : ofLyingUrl(metadata);
  }
  const isStill =
    before !== undefined &&
    isWeak(entityTag(fieldsOf(metadata)) ?? "") &&
    isSameClaim(metadata, before, pending) &&
    !isDoubted(before, pending);
  const contentTag = (isStill && known?.contentTag) || contentTagOf(metadata);
  return withTermsKept(metadata, { contentTag });
}

/** Returns the metadata of a body that is never held whole. Only another length shows that it is another body. */
export function taggedByLength(metadata: StoredMetadata, pending: PendingForward): StoredMetadata {
  if (metadata.contentTag !== "" || isOfLyingUrl(metadata)) return metadata;
  const known = replacedBy(pending)?.stored.metadata;
  return known === undefined || isSameLength(metadata, known)
    ? withTermsKept(metadata, { contentTag: undefined })
    : ofLyingUrl(metadata);
}

/** Returns the response that the answer replaces, even if it may not answer. */
function replacedBy(pending: PendingForward): Candidate | undefined {
  return storedCandidate(pending) ?? pending.standing;
}

/** Returns whether a client that has the older response would be told that it has the answer. */
function isSameClaim(
  metadata: StoredMetadata,
  { stored }: Candidate,
  { request }: PendingForward,
): boolean {
  // A page of another build may have the date, but not the ETag, and the clients' dates do not count.
  const isDateFit = request.route.builds === undefined;
  const lines = conditionalFields(fieldsOf(stored.metadata), isDateFit);
  return isNotModified({
    request: fieldsOf({ fields: lines }),
    stored: fieldsOf(metadata),
    status: metadata.status,
    receivedAtMs: undefined,
  });
}

function isSameLength(one: StoredMetadata, other: StoredMetadata): boolean {
  const [oneBytes, otherBytes] = [wholeBytes(one), wholeBytes(other)];
  return oneBytes === null || otherBytes === null || oneBytes === otherBytes;
}

function ofLyingUrl(metadata: StoredMetadata): StoredMetadata {
  const own = selectingValues([contentTagName], fieldsOf(metadata));
  const selecting = [...metadata.selecting, ...own].toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return withTermsKept(metadata, { contentTag: contentTagOf(metadata), selecting });
}
