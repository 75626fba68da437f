// Backfills upper tiers with a response of a lower tier and with its `Vary` marker. A large body is
// copied into the colo's tier by a read of its own, which runs after the answer, so a client that
// reads slowly or only a range does not delay or cut the copy.
import { FixedLengthStream } from "../../base/byte-streams.ts";
import { type ToKeep, writeToTiers } from "../../cache/write-tiers.ts";
import { discardBody } from "../../cache/record/record.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { tierScopes } from "../../config/tier-names.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import { judgedUnder } from "./may-answer.ts";
import type { Exchange, PagePlace } from "../site/exchange.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import { asRead } from "../stored/tags.ts";
import {
  type Candidate,
  type StoredMetadata,
  type ArrivingResponse,
  responseIn,
  type ResponseRecord,
  type ResponseTier,
} from "../stored/stored-response.ts";
import { markerUntilAtMs, newestMarker } from "./vary-markers.ts";

/** Writes to memory immediately, and to the other tiers in the background. */
export function backfill(
  above: readonly ResponseTier[],
  { stored, tier }: Candidate,
  place: PagePlace & { readonly atMs: number },
): void {
  const { request, key, atMs, exchange } = place;
  const { status } = stored.metadata;
  if (status < 300) exchange.site.uncacheable.successes.mark(request.key.text, atMs);
  if (above.length === 0) return;
  const untilAtMs = keepUntilAtMs(stored.metadata, termsOf(stored.metadata, request.route));
  const kept = writeToTiers<ResponseRecord>(
    [{ key, record: { kind: "response", stored }, untilAtMs }, ...markerOf(place)],
    above,
    {
      atMs,
      body: "new",
      isAskedAgain: tierScopes[tier] === "colo",
      leadsToError: isErrorStatus(status),
    },
  );
  exchange.afterAnswer(() => exchange.decision.awaits(noted(kept, exchange)));
}

async function noted(kept: ReturnType<typeof writeToTiers>, { decision }: Exchange): Promise<void> {
  for (const { tier, result } of await kept) decision.changed(tier, result);
}

/** Returns the marker that leads to the response; empty if it has none. */
function markerOf({ request, marker, exchange }: PagePlace): readonly ToKeep<VaryMarker>[] {
  const record = marker && newestMarker(request.key, marker, exchange);
  if (record === undefined) return [];
  return [{ key: request.key, record, untilAtMs: markerUntilAtMs(record, exchange.nowAtMs()) }];
}

/**
 * Begins a copy in the background, at most once a minute for each key, if the colo's tier accepts the
 * body. A response that was replaced or removed meanwhile is not copied.
 */
export function copyToColo(
  from: ResponseTier,
  { stored }: Candidate,
  place: PagePlace & { readonly atMs: number },
): void {
  const { request, key, atMs, exchange } = place;
  const { site, decision } = exchange;
  const { memory, ofColo } = site.tiers.of(request.route.tiers);
  const { bodyBytes } = stored.metadata;
  if (tierScopes[from.name] !== "world" || ofColo === undefined) return;
  if (bodyBytes === null || bodyBytes > ofColo.arrivingBytesMax) return;
  if (!site.copied.begin(key.text, atMs)) return;
  const sinceCount = memory.changeCount;
  const markers = markerOf(place);
  const isOutdated = ({ metadata }: ArrivingResponse) =>
    memory.hasChanged(key, sinceCount) || site.invalidations.covers(metadata, key);
  const copying = async () => {
    const arriving = await readAgain(from, place);
    if (arriving === undefined) return;
    const { metadata } = arriving;
    // The tier has the stamp of the load. A judgement replaces it if the view verifies it (rule 27 b).
    judgedUnder({ request, exchange, atMs: exchange.nowAtMs() }, { stored: { metadata }, key });
    const untilAtMs = keepUntilAtMs(metadata, termsOf(metadata, request.route));
    const completed = arriving.completed.then((end) => (isOutdated(arriving) ? "cut" : end));
    const record = { ...arriving, completed };
    const leadsToError = isErrorStatus(metadata.status);
    await noted(
      writeToTiers<ResponseRecord | ArrivingResponse>(
        [{ key, record, untilAtMs }, ...markers],
        [ofColo],
        { atMs, body: "new", leadsToError },
      ),
      exchange,
    );
  };
  exchange.afterAnswer(() => decision.awaits(copying()));
}

async function readAgain(
  from: ResponseTier,
  { request, key, exchange: { nowAtMs, afterAnswer } }: PagePlace,
): Promise<ArrivingResponse | undefined> {
  const read = await from.read(key, { atMs: nowAtMs(), part: "whole", afterAnswer });
  const stored = responseIn(read);
  const metadata = stored && asRead(stored.metadata, request);
  const bodyBytes = metadata?.bodyBytes ?? null;
  if (stored?.body.kind !== "stream" || metadata === undefined || bodyBytes === null) {
    discardBody(stored);
    return undefined;
  }
  return arrivingFrom(metadata, stored.body.stream, bodyBytes);
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
