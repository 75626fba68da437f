// Creates records for tests of tiers: stored responses with the test's changes.
import { createHash } from "node:crypto";
import type { StoredBody } from "../../src/cache/record/record.ts";
import type {
  StoredMetadata,
  ResponseAsk,
  ResponseRead,
  ResponseRecord,
  ResponseTier,
  Tiers,
} from "../../src/pages/stored/stored-response.ts";
import { bytesIn } from "../fakes/body-bytes.ts";
import { metadataWith } from "./requests.ts";
import type { TierKeep, VaryMarker } from "../../src/cache/tiers/tier.ts";
import { MemoryTier } from "../../src/stores/memory/memory-tier.ts";
import { responseForm } from "../../src/pages/stored/response-form.ts";

/**
 * A time far in the future, so that a real runtime keeps the response. A tier itself must compare
 * this time with `atMs`.
 */
export const keepUntilAtMs = Date.UTC(2100, 0, 1);

/** A keep of one hour that ends at `keepUntilAtMs`. */
export const keep: TierKeep = {
  atMs: keepUntilAtMs - 3_600_000,
  untilAtMs: keepUntilAtMs,
  body: "new",
};

export const ask: ResponseAsk = {
  atMs: keepUntilAtMs - 1_000,
  part: "whole",
  afterAnswer: () => {
    throw new Error("This read must not leave work for after the answer.");
  },
};

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}

/** Returns metadata as after a fill with a complete body, whose length and digest are known. */
export function metadataOf(
  bytes: Uint8Array,
  changed: Partial<StoredMetadata> = {},
): StoredMetadata {
  const received = { requestedAtMs: keep.atMs - 20, respondedAtMs: keep.atMs - 5 };
  const body = { bodyBytes: bytes.byteLength, bodyDigest: digestOf(bytes), fillCostMs: 15.25 };
  const page = { url: "https://a.example/", route: "front", tags: ["front-page"] };
  const stamp = { position: "1764547200000-0", n: "7f3a" };
  const fields = { "content-type": "text/plain" };
  return metadataWith(fields, { ...page, ...received, ...body, stamp, ...changed });
}

export type PageRecord = Extract<ResponseRecord, { kind: "response" }>;

export function responseOf(
  bytes: Uint8Array<ArrayBuffer>,
  changed: Partial<StoredMetadata> = {},
): PageRecord {
  return withBody(metadataOf(bytes, changed), { kind: "blob", blob: new Blob([bytes]) });
}

export function withBody(metadata: StoredMetadata, body: StoredBody): PageRecord {
  return { kind: "response", stored: { metadata, body } };
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/**
 * The low bytes of a generator's states, which compress badly. The generator is s → 75·s + 74
 * modulo 65,537, and begins with s = 1.
 */
const noiseCycle = new Uint8Array(65_536);
let state = 1;
for (let at = 0; at < noiseCycle.length; at += 1) {
  state = (state * 75 + 74) % 65_537;
  noiseCycle[at] = state;
}

/** Returns bytes that compress badly, and repeat after 65,536 bytes. */
export function noise(bytes: number): Uint8Array<ArrayBuffer> {
  const drawn = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += noiseCycle.length) {
    drawn.set(noiseCycle.subarray(0, bytes - at), at);
  }
  return drawn;
}

/** The result of a read in a comparable form, with the length and digest of the body. */
type Seen =
  | { kind: "absent" | "unavailable" }
  | VaryMarker
  | { kind: "response"; metadata: StoredMetadata; bodyBytes: number; bodyDigest: string };

export async function seen(read: ResponseRead): Promise<Seen> {
  if (read.kind !== "found") return { kind: read.kind };
  if (read.record.kind === "vary") return read.record;
  return shown(read.record, await collected(read.record.stored.body));
}

/** Returns the result that a read of this record must have. */
export function shown({ stored }: PageRecord, bytes: Uint8Array): Seen {
  const { metadata } = stored;
  const body = { bodyBytes: bytes.byteLength, bodyDigest: digestOf(bytes) };
  return { kind: "response", metadata, ...body };
}

/** Reads the whole body. @throws for an absent body */
async function collected(body: StoredBody): Promise<Uint8Array> {
  if (body.kind === "absent") throw new Error("A response was found without its body.");
  return bytesIn(body);
}

export async function look(
  tier: ResponseTier,
  ...[key, asked]: Parameters<ResponseTier["read"]>
): Promise<Seen> {
  return seen(await tier.read(key, asked));
}

export function memoryTier(
  bytesMax: number,
  onRelease: (body: Blob) => void = () => undefined,
): Tiers["memory"] {
  return new MemoryTier({ bytesMax, form: responseForm, onRelease: onRelease });
}
