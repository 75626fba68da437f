// Stores a response in every tier of its route, under the key that its own Vary gives it.
import type { TierName } from "../../config/config.ts";
import { isErrorStatus } from "../../http/fields.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { RecordKey } from "../../cache/record-key.ts";
import { sha256Hex } from "../../sha256.ts";
import {
  type ArrivingResponse,
  smallBodyBytesMax,
  type Tier,
  type TierKeep,
  type TierRecord,
  type TierWrite,
  type VaryMarker,
} from "../../cache/tiers/tier.ts";
import type { ForwardFlight } from "../reuse/forward-outcome.ts";
import { openBytePipe } from "../body/byte-pipe.ts";
import { streamBytesMax } from "./fill.ts";
import { gather } from "../body/gather.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import { policyOf } from "../reuse/need.ts";
import type { Ports } from "../ports.ts";
import {
  hasRoomFor,
  keyOf,
  markerTo,
  mayLead,
  type VariantPlace,
  withListOfColo,
  withMarkerPassedOver,
} from "./variants.ts";

/**
 * Takes what is stored under a key out of this isolate at once, and out of the colo and the shared
 * tier behind the answer.
 *
 * @param hosts those under which the edge tier may keep it
 */
export function removeStored(
  { text, host }: RecordKey,
  { tiers, metrics, afterAnswer }: Ports,
  hosts: readonly string[] = [host],
): void {
  const keys = Array.from(new Set(hosts), (each) => new RecordKey(text, each));
  for (const key of keys) tiers.memory.remove(key);
  afterAnswer(async () => {
    const [sharedRemoval, ...edgeRemovals] = await Promise.all([
      keys[0] && tiers.shared?.remove(keys[0]),
      ...keys.map((key) => tiers.edge.remove(key)),
    ]);
    if (sharedRemoval === "unavailable") metrics.tierWritten("shared", "not-removed");
    for (const removal of edgeRemovals) {
      if (removal === "unavailable") metrics.tierWritten("edge", "not-removed");
    }
  });
}

/** A marker outlives its variants, so that those are reachable and counted that are still there. */
const markerKeepMs = 86_400_000;

/** The runtime ends work behind an answer after half a minute. */
const behindAnswerMsMax = 25_000;

export interface Fill extends VariantPlace {
  readonly metadata: StoredMetadata;
  readonly source: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly flight: ForwardFlight;
  /** The flight's key, under which it ends once everything is stored. */
  readonly key: RecordKey;
  /** A 304 has left the body as it was, so that a tier may hold it already. */
  readonly isValidated: boolean;
  /** Of the body that this fill takes the place of, in whatever tier the look-up found it. */
  readonly digestBefore: string | null;
  /** Nobody waits for the body of a background refresh, nor does a client that has it. */
  readonly isBodyWanted: boolean;
}

/**
 * Starts storing a body while it goes to the client.
 *
 * @returns what the client reads; `null` if it wants no body
 */
export function storeWhileSending(fill: Fill): ReadableStream<Uint8Array> | null {
  const { asked, ports, metadata, flight } = fill;
  const client = fill.isBodyWanted ? openBytePipe(metadata.bodyBytes) : undefined;
  let streamed: Promise<boolean> | undefined;
  let sent: Promise<void> | undefined;
  ports.afterAnswer(async () => {
    try {
      const gathered = await gather({
        source: fill.source,
        client,
        bufferBytes: ports.config.limits.bufferBytes,
        betweenBytesMs: ports.config.originTimeout.betweenBytesMs,
        isOver: () => ports.nowAtMs() - metadata.respondedAtMs > behindAnswerMsMax,
        budget: ports.fillBudget,
        bodyBytes: metadata.bodyBytes,
        streamBytesMax: streamBytesMax(asked),
        onUnshared: () => flight.settle({ kind: "nothing-to-share" }),
        onOverflow: (stream, completed) => {
          const stands = completed.then((bytes) => (isInvalidated(metadata, fill) ? "cut" : bytes));
          const arriving = { kind: "arriving", metadata, stream, completed: stands } as const;
          streamed = storeStreamed(arriving, fill);
        },
      });
      if (gathered.kind === "whole") {
        ({ sent } = gathered);
        await storeWhole(gathered.blob, fill);
      }
      await streamed;
    } finally {
      flight.end();
    }
    // A client that leaves late must still find somebody who gives back what was held for it.
    await sent;
  });
  return client?.readable ?? null;
}

/** Memory cannot take it, and must not answer with an older one in its place. */
async function storeStreamed(arriving: ArrivingResponse, fill: Fill): Promise<boolean> {
  const { edge, memory } = fill.ports.tiers;
  const isKept = await write(arriving, [edge], fill, "new");
  if (isKept) memory.remove(keyOf(arriving.metadata, fill));
  return isKept;
}

async function storeWhole(blob: Blob, fill: Fill): Promise<void> {
  const { ports, flight } = fill;
  const metadata: StoredMetadata = {
    ...fill.metadata,
    bodyBytes: blob.size,
    bodyDigest: await sha256Hex(new Uint8Array(await blob.arrayBuffer())),
    ...(!fill.isValidated && { fillCostMs: ports.nowAtMs() - fill.metadata.requestedAtMs }),
    // No tier hands out more in one piece at its first hit, to be written when it is asked for again.
    ...(blob.size > smallBodyBytesMax && { awaitsSecondAsk: undefined }),
  };
  const stored: StoredResponse = { metadata, body: { kind: "blob", blob } };
  flight.settle({ kind: "stored", stored });
  const place = await withMarkerPassedOver(metadata, await withListOfColo(metadata, fill));
  // Fills that went on at the same time may have taken the room that there was.
  const isUnchanged = fill.isValidated || metadata.bodyDigest === fill.digestBefore;
  const body = isUnchanged ? "unchanged" : "new";
  if (!hasRoomFor(metadata, place)) {
    ports.metrics.refusedToStore(fill.asked.route.name, "too-many-variants");
    return;
  }
  await storeInTiers(stored, { ...place, names: ["memory"] }, body);
  // To store takes CPU time, and the end of the answer would wait for that.
  await ports.turn();
  await storeInTiers(stored, { ...place, names: ["edge", "shared"] }, body);
}

/**
 * Memory holds it when this returns; the promise settles once the other tiers have it too, save the
 * shared one where the response waits for its second ask.
 *
 * @param given.names the tiers to write, where not all of the route's
 * @returns whether each of them keeps it
 */
export function storeInTiers(
  stored: StoredResponse,
  given: VariantPlace & { names?: readonly TierName[] },
  body: TierKeep["body"],
): Promise<boolean> {
  const { ports } = given;
  const { memory, edge, shared } = ports.tiers;
  const tiers = [memory, edge, shared]
    .filter((tier) => tier !== undefined)
    .filter(({ name }) => given.names?.includes(name) ?? true)
    .filter(({ name }) => name !== "shared" || stored.metadata.awaitsSecondAsk !== true);
  return write({ kind: "response", stored }, tiers, given, body);
}

type Written = Exclude<TierRecord, VaryMarker> | ArrivingResponse;

interface Placed {
  readonly key: RecordKey;
  readonly record: TierRecord | ArrivingResponse;
  readonly untilAtMs: number;
}

/** The response under its variant's key and, if there is a `Vary`, the marker that leads to it. */
function placed(response: Written, place: VariantPlace, atMs: number): Placed[] {
  const metadata = metadataIn(response);
  const key = keyOf(metadata, place);
  const untilAtMs = keepUntilAtMs(metadata, termsOf(metadata, policyOf(place)));
  const stored = { key, record: response, untilAtMs };
  if (metadata.selecting.length === 0) return [stored];
  const marker = markerTo(metadata, stored, place);
  const latestAtMs = Math.max(...marker.variants.map(([, variantUntilAtMs]) => variantUntilAtMs));
  const markerUntilAtMs = Math.max(atMs + markerKeepMs, latestAtMs);
  return [stored, { key: place.asked.key, record: marker, untilAtMs: markerUntilAtMs }];
}

function metadataIn(response: Written): StoredMetadata {
  return response.kind === "arriving" ? response.metadata : response.stored.metadata;
}

async function write(
  response: Written,
  tiers: readonly Tier[],
  place: VariantPlace,
  body: TierKeep["body"],
): Promise<boolean> {
  const { asked, ports } = place;
  const atMs = ports.nowAtMs();
  if (response.kind === "response" && isInvalidated(response.stored.metadata, place)) return false;
  const written = placed(response, place, atMs);
  const leadsToError = isErrorStatus(metadataIn(response).status);
  const results: Promise<TierWrite>[] = [];
  for (const tier of tiers.filter(({ name }) => asked.route.tiers.includes(name))) {
    for (const { key, record, untilAtMs } of written) {
      if (record.kind === "vary" && !mayLead(tier.name, place)) continue;
      const keep = { atMs, untilAtMs, body, leadsToError };
      const result = tier.write(key, record, keep);
      results.push(counted(Promise.resolve(result), tier.name, ports));
    }
  }
  return (await Promise.all(results)).every(({ kind }) => kind === "kept");
}

/** What was asked for before it was invalidated here must not be stored after that. */
function isInvalidated(metadata: StoredMetadata, place: VariantPlace): boolean {
  return place.ports.invalidations.covers(metadata, keyOf(metadata, place));
}

async function counted(
  result: Promise<TierWrite>,
  tier: TierName,
  ports: Ports,
): Promise<TierWrite> {
  const written = await result;
  ports.metrics.tierWritten(tier, written.kind === "refused" ? written.rule : written.kind);
  return written;
}
