// What the edge tier's tests write, and where in the Cache API it then lies.
import { createHash } from "node:crypto";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import type { RecordKey } from "../../../src/cache/record/record-key.ts";
import { bytesOf, keepUntilAtMs, responseOf } from "../../../testing/examples/records.ts";
import type { ResponseRecord } from "../../../src/proxy/stored/tiers.ts";

export const host = "a.example:8443";
export const recordField = "tidemark-record";
export const recordFieldBytesMax = 32_768;
export const page = responseOf(bytesOf("page"));

/** One whose metadata, as text, fills the field to the byte. */
export function recordOfFieldBytes(fieldBytes: number): ResponseRecord {
  const padded = (padding: string): ResponseRecord =>
    responseOf(bytesOf("b"), { fields: [["x-padding", padding]] });
  const bare = encodeRecord(headOf(padded("")), keepUntilAtMs).length;
  return padded("p".repeat(fieldBytes - bare));
}

export const addressOf = (key: RecordKey): string =>
  `https://${key.host}/_cache/stored/${createHash("sha256").update(key.text).digest("hex")}`;
