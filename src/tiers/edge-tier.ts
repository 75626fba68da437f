// The edge tier: the Workers Cache API, one cache per colo. Bodies lie in it as opaque bytes and
// the metadata beside them in one field, so that the Cache API decides nothing about them.
import { errorName } from "../error-name.ts";
import type { StoredBody } from "../http/stored-response.ts";
import { decodeRecord, encodeRecord, headOf, type RecordHead } from "./record-codec.ts";
import type { RecordKey } from "./record-key.ts";
import type { Tier, TierAsk, TierKeep, TierRead, TierRecord, TierWrite } from "./tier.ts";

/** The largest object that the Cache API takes. */
export const edgeBodyBytesMax = 512 * 1_048_576;

const recordField = "tidemark-record";
/** Cloudflare refuses larger header fields; what needs more is not stored here. */
const recordFieldBytesMax = 32_768;

export interface EdgeTierSettings {
  /** `caches.default`, or whatever keeps its promises. */
  readonly cache: () => Pick<Cache, "match" | "put" | "delete">;
  /** A body up to this is read whole, so that other tiers can be backfilled with it. */
  readonly wholeBytesMax: number;
  readonly onBadRecord: () => void;
}

export class EdgeTier implements Tier {
  readonly name = "edge";
  readonly #settings: EdgeTierSettings;

  constructor(settings: EdgeTierSettings) {
    this.#settings = settings;
  }

  async read(key: RecordKey, ask: Pick<TierAsk, "atMs">): Promise<TierRead> {
    try {
      const response = await this.#settings.cache().match(await addressOf(key));
      if (response === undefined) return { kind: "absent" };
      const decoded = decodeRecord(response.headers.get(recordField) ?? "");
      if (decoded === undefined) this.#settings.onBadRecord();
      if (decoded === undefined || ask.atMs >= decoded.keepUntilAtMs) {
        await response.body?.cancel();
        return { kind: "absent" };
      }
      return await this.#withBody(decoded.record, response);
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  async #withBody(record: RecordHead, response: Response): Promise<TierRead> {
    if (record.kind === "vary") return { kind: "found", record };
    const { metadata } = record;
    const { bodyBytes } = metadata;
    let body: StoredBody;
    if (bodyBytes !== null && bodyBytes <= this.#settings.wholeBytesMax) {
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.byteLength !== bodyBytes) {
        this.#settings.onBadRecord();
        return { kind: "absent" };
      }
      body = { kind: "bytes", bytes };
    } else if (response.body === null) {
      return { kind: "absent" };
    } else {
      body = { kind: "stream", stream: response.body };
    }
    return { kind: "found", record: { kind: "response", stored: { metadata, body } } };
  }

  async write(key: RecordKey, record: TierRecord, keep: TierKeep): Promise<TierWrite> {
    const keepSeconds = Math.ceil((keep.untilAtMs - keep.atMs) / 1_000);
    if (keepSeconds <= 0) return refuse(record, "expired");
    const head = encodeRecord(headOf(record), keep.untilAtMs);
    if (head.length > recordFieldBytesMax) return refuse(record, "too-large");
    const address = await addressOf(key);
    try {
      const headers = {
        "cache-control": `public, max-age=${keepSeconds}`,
        "content-type": "application/octet-stream",
        [recordField]: head,
      };
      await this.#settings.cache().put(address, new Response(bodyOf(record), { headers }));
      return { kind: "kept" };
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }
}

async function refuse(record: TierRecord, rule: "expired" | "too-large"): Promise<TierWrite> {
  const body = record.kind === "response" ? record.stored.body : undefined;
  if (body?.kind === "stream") await body.stream.cancel();
  return { kind: "refused", rule };
}

function bodyOf(record: TierRecord): BodyInit | null {
  if (record.kind === "vary" || record.stored.body.kind === "absent") return null;
  const { body } = record.stored;
  return body.kind === "bytes" ? body.bytes : body.stream;
}

/**
 * Below the request's own host: a look-up of another host would leave the colo's cache. No origin
 * request can read this address back, since everything under `/_cache/` ends at this Worker.
 */
async function addressOf(key: RecordKey): Promise<string> {
  return `https://${key.host}/_cache/stored/${await key.digest()}`;
}
