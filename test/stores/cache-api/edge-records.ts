// Records for tests of the edge tier, and their addresses in the Cache API.
import { createHash } from "node:crypto";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import type { RecordKey } from "../../../src/cache/record/record-key.ts";
import {
  bytesOf,
  keepUntilAtMs,
  type PageRecord,
  responseOf,
} from "../../../testing/examples/records.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import { EdgeTier } from "../../../src/stores/cache-api/edge-tier.ts";

export const edgeTierOver = (
  cache: () => Pick<Cache, "match" | "put" | "delete">,
  onBadRecord: () => void = () => undefined,
) => new EdgeTier({ form: responseForm, cache, nowAtMs: Date.now, onBadRecord });

export const host = "a.example:8443";
export const recordField = "tidemark-record";
/** Longer metadata is stored as the body of the Cache API's response. */
export const recordFieldBytesMax = 15_360;
export const page = responseOf(bytesOf("page"));

/** Returns a record whose metadata, as text, has this length. */
export function recordOfFieldBytes(fieldBytes: number, body = bytesOf("b")): PageRecord {
  const padded = (padding: string): PageRecord =>
    responseOf(body, { fields: [["x-padding", padding]] });
  const bare = encodeRecord(headOf(padded("")), keepUntilAtMs, responseForm, "0".repeat(64)).length;
  return padded("p".repeat(fieldBytes - bare));
}

export const addressOf = (key: RecordKey): string =>
  `https://${key.host}/_cache/stored/${createHash("sha256").update(key.text).digest("hex")}`;
