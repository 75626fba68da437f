// Copies a large body from the shared tier into the colo's tier. The copy is a read of its own, which
// runs after the answer, so a client that reads slowly or only a range does not delay or cut it.
import { FixedLengthStream } from "../../base/byte-streams.ts";
import { keep, type ToKeep } from "../../cache/keep.ts";
import { discardBody } from "../../cache/record/record.ts";
import { tierScopes } from "../../config/tier-names.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Candidate, StoredMetadata } from "../stored/stored-response.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import {
  type ArrivingResponse,
  responseIn,
  type ResponseRecord,
  type ResponseTier,
} from "../stored/tiers.ts";
import type { SearchState } from "./backfill.ts";
import { newestMarker } from "./vary-markers.ts";

/**
 * Begins a copy in the background, at most once a minute for each key, if the colo's tier accepts the
 * body. A response that was replaced or removed meanwhile is not copied.
 */
export function copyToColo(
  from: ResponseTier,
  { stored }: Candidate,
  { lookup, key, marker, atMs, exchange }: SearchState,
): void {
  const { site, decision } = exchange;
  const { memory, ofColo } = site.tiers.of(lookup.route.tiers);
  const { bodyBytes } = stored.metadata;
  if (tierScopes[from.name] !== "world" || ofColo === undefined) return;
  if (bodyBytes === null || bodyBytes > ofColo.arrivingBytesMax) return;
  if (site.copied.has(key.text, atMs)) return;
  site.copied.mark(key.text, atMs);
  const sinceCount = memory.changeCount;
  const newest = marker && newestMarker(lookup.key, marker, exchange);
  const isOutdated = ({ metadata }: ArrivingResponse) =>
    memory.hasChanged(key, sinceCount) || site.invalidations.covers(metadata, key);
  const copying = async () => {
    const arriving = await readAgain(from, key, exchange);
    if (arriving === undefined) return;
    const { metadata } = arriving;
    const untilAtMs = keepUntilAtMs(metadata, termsOf(metadata, lookup.route));
    const completed = arriving.completed.then((end) => (isOutdated(arriving) ? "cut" : end));
    const records: ToKeep<ResponseRecord | ArrivingResponse>[] = [
      { key, record: { ...arriving, completed }, untilAtMs },
    ];
    if (newest !== undefined) records.push({ key: lookup.key, record: newest, untilAtMs });
    const leadsToError = isErrorStatus(metadata.status);
    const kept = await keep(records, [ofColo], { atMs, body: "new", leadsToError });
    for (const { tier, result } of kept) decision.changed(tier, result);
  };
  exchange.afterAnswer(() => decision.awaits(copying()));
}

async function readAgain(
  from: ResponseTier,
  key: RecordKey,
  { nowAtMs, afterAnswer }: SearchState["exchange"],
): Promise<ArrivingResponse | undefined> {
  const read = await from.read(key, { atMs: nowAtMs(), part: "whole", afterAnswer });
  const stored = responseIn(read);
  const bodyBytes = stored?.metadata.bodyBytes ?? null;
  if (stored?.body.kind !== "stream" || bodyBytes === null) {
    discardBody(stored);
    return undefined;
  }
  return arrivingFrom(stored.metadata, stored.body.stream, bodyBytes);
}

function arrivingFrom(
  metadata: StoredMetadata,
  body: ReadableStream<Uint8Array>,
  bodyBytes: number,
): ArrivingResponse {
  const { readable: stream, writable } = new FixedLengthStream(bodyBytes);
  const completed = body.pipeTo(writable).then(
    () => bodyBytes,
    () => "cut" as const,
  );
  return { kind: "arriving", metadata, stream, completed };
}
