// Stores a whole body: its digest, the limit of variants, memory, and then the tiers below.
import { storedCandidate, type LeaderRequest } from "../reuse/pending-request.ts";
import { type StoredMetadata, type StoredResponse, wholeBytes } from "../stored/stored-response.ts";
import { withTermsKept } from "../stored/lifetime.ts";
import { taggedByBody } from "./lying-validators.ts";
import { withAllValues } from "./metadata-of-answer.ts";
import { refusalForValues, refused } from "./refusal.ts";
import { smallBodyBytesMax } from "../../cache/tiers/tier.ts";
import { sha256Base64url } from "../../base/sha256.ts";
import { isTooLarge, removeDisplaced, storeInTiers } from "./in-tiers.ts";
import { hasRoomFor, withDisplaced, withListOfOthers } from "./variant-list.ts";

/** The metadata so far of a body that is gathered. */
export interface GatheredBody {
  readonly metadata: StoredMetadata;
  /** Whether a 304 left the body unchanged, so that a tier may already contain it. */
  readonly isValidated: boolean;
}

/** Notes whether the body fits into a tier, which is known only now if no length was stated. */
function noteSize(metadata: StoredMetadata, isNew: boolean, pending: LeaderRequest): void {
  if (!isNew) return;
  const { exchange, key, request } = pending;
  const { decision, site } = exchange;
  const { tooLarge } = site.uncacheable;
  if (isTooLarge(metadata.bodyBytes, pending)) {
    decision.refuses(refused("too-large", metadata, request));
    tooLarge.mark(key.text, exchange.nowAtMs());
  } else {
    decision.stored = true;
    decision.refused = undefined;
    tooLarge.forget(key.text);
  }
}

/** Stores a body that was gathered whole, and settles its flight. Returns its metadata. */
export async function storeWhole(
  blob: Blob,
  { metadata: atHead, isValidated }: GatheredBody,
  pending: LeaderRequest,
): Promise<StoredMetadata> {
  const { exchange } = pending;
  const { site, decision } = exchange;
  const before = withAllValues(atHead, pending);
  const bodyDigest = await sha256Base64url(new Uint8Array(await blob.arrayBuffer()));
  const known = withTermsKept(before, {
    bodyBytes: blob.size,
    bodyDigest,
    ...(!isValidated && { fillCostMs: exchange.nowAtMs() - before.requestedAtMs }),
    // A body above `smallBodyBytesMax` does not wait for a second request. On a first hit, tiers
    // return a large body only as a stream, so the hit could not write the body to Redis.
    ...(blob.size > smallBodyBytesMax && { awaitsSecondAsk: undefined }),
  });
  const metadata = taggedByBody(known, pending);
  const ofValues = refusalForValues(metadata, pending);
  if (ofValues !== undefined) {
    decision.refuses(refused(ofValues, metadata, pending.request));
    return metadata;
  }
  const stored: StoredResponse = { metadata, body: { kind: "blob", blob } };
  pending.flight.settle({ kind: "stored", stored });
  decision.bodyBytes = wholeBytes(metadata);
  noteSize(metadata, before.bodyBytes === null, pending);
  if (decision.answerBytes === null) decision.lateBytes = blob.size;
  const others = await withListOfOthers(metadata, pending);
  // Concurrent fills may have filled the list of variants.
  if (!hasRoomFor(metadata, others)) {
    decision.refuses(refused("too-many-variants", metadata, pending.request));
    return metadata;
  }
  const place = withDisplaced(metadata, others);
  removeDisplaced(place);
  const isUnchanged =
    isValidated || bodyDigest === storedCandidate(pending)?.stored.metadata.bodyDigest;
  const body = isUnchanged ? "unchanged" : "new";
  await storeInTiers(stored, { ...place, into: [site.tiers.memory] }, body);
  const { below } = site.tiers.of(pending.request.route.tiers);
  if (below.length === 0) return metadata;
  // Let the answer end first, because storing takes CPU time.
  await site.turn();
  await storeInTiers(stored, { ...place, into: below }, body);
  return metadata;
}
