// Writes records into the Cache API. The cache itself acts only on the lifetime and, in conditional
// requests, on the entity tag.
import { cancelBody } from "../../base/cancel-body.ts";
import { headersOf } from "../../rules/fields.ts";
import { type HeldBody, haveSameBody, sizeOf } from "../../cache/record/record.ts";
import type { BoundedCache } from "./bounded-cache.ts";
import { decodeRecord, encodeRecord } from "../../cache/tiers/record-codec.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import {
  type ArrivingRecord,
  largeBodyBytesMax,
  type RecordHead,
  type TierKeep,
  type TierWrite,
} from "../../cache/tiers/tier.ts";

/** The field with the metadata. Absent if the metadata is the body of the stored response. */
export const recordField = "tidemark-record";
/**
 * The field with the last part of the body's address. Absent if the body is stored with the record.
 */
export const bodyField = "tidemark-body";
/**
 * A body outlasts its record by this time, so that validations can renew the record. The Cache API
 * evicts bodies that nobody reads.
 */
const outlastsMs = 30 * 86_400_000;
/** Cloudflare guarantees 16 KB for all fields of a stored response. The rest is for other fields. */
const recordFieldBytesMax = 15_360;

/**
 * Returns the address of a record. It is under the request's own host, because a lookup under
 * another host would not stay in the colo's cache. No client can read the record, because this
 * Worker itself answers all requests below `/_cache/`.
 *
 * @param part the last part of the address of a body that is stored apart from its record
 */
export async function addressOf(key: RecordKey, part?: string): Promise<string> {
  const address = `https://${key.host}/_cache/stored/${await key.digest()}`;
  return part === undefined ? address : `${address}/${part}`;
}

/**
 * Returns the fields of every stored response. Intermediaries do not compress this content type.
 */
function objectFields({ atMs, untilAtMs }: Pick<TierKeep, "atMs" | "untilAtMs">): Headers {
  const keepSeconds = Math.ceil((untilAtMs - atMs) / 1_000);
  return headersOf([
    ["cache-control", `public, max-age=${keepSeconds}`],
    ["content-type", "application/octet-stream"],
  ]);
}

function bodyFields({ atMs, untilAtMs }: TierKeep) {
  return objectFields({ atMs, untilAtMs: untilAtMs + outlastsMs });
}

/** The cache to write to, and how. */
interface Into<Detail> {
  readonly cache: BoundedCache;
  readonly form: RecordForm<Detail>;
  readonly keep: TierKeep;
}

/**
 * Writes a record. A large body gets its own address. Metadata that is too large for a field becomes
 * the body of the stored response, and then any body gets its own address. Rejects like the cache.
 *
 * @param body the body to store with the record; `null` if there is none, or if `part` names it
 */
export async function writeHead<Detail>(
  key: RecordKey,
  head: RecordHead<Detail>,
  { cache, form, keep, body: held, part }: Into<Detail> & { body: HeldBody | null; part?: string },
): Promise<TierWrite> {
  const text = encodeRecord(head, keep.untilAtMs, form, await key.digest());
  const fitsField = text.length <= recordFieldBytesMax;
  const isWithHead = held === null || (fitsField && sizeOf(held) <= largeBodyBytesMax);
  const apart = isWithHead ? part : crypto.randomUUID();
  const body = held && (held.bytes ?? held.blob);
  if (apart !== part) {
    const response = new Response(body, { headers: bodyFields(keep) });
    await cache.put(await addressOf(key, apart), response);
  }
  const headers = objectFields(keep);
  headers.set("etag", `"${crypto.randomUUID()}"`);
  if (fitsField) headers.set(recordField, text);
  if (apart !== undefined) headers.set(bodyField, apart);
  const content = apart === undefined ? body : null;
  await cache.put(await addressOf(key), new Response(fitsField ? content : text, { headers }));
  return { kind: "kept" };
}

/**
 * Writes the head of a record whose body the cache already has at an address of its own. Does not
 * check that the body is still there. Rejects like the cache.
 *
 * @returns `undefined` if the cache has no head that names the same body
 */
export async function rewriteHead<Detail>(
  key: RecordKey,
  head: RecordHead<Detail>,
  into: Into<Detail>,
): Promise<TierWrite | undefined> {
  const { cache, form } = into;
  const stored = await cache.match(await addressOf(key));
  const part = stored?.headers.get(bodyField);
  if (stored === undefined || part == null || head.kind === "vary") {
    cancelBody(stored);
    return undefined;
  }
  const text = stored.headers.get(recordField) ?? (await (await cache.whole(stored)).text());
  const named = decodeRecord(text, form)?.record;
  if (named?.kind !== "response" || !haveSameBody(named.metadata, head.metadata)) return undefined;
  return writeHead(key, head, { ...into, body: null, part });
}

/**
 * Writes a streamed body, then the head that names it, so that readers never find a truncated body.
 * Each fill has its own address for the body. Rejects like the cache.
 */
export async function writeArriving<Detail>(
  key: RecordKey,
  { metadata, stream, completed }: ArrivingRecord<Detail>,
  into: Into<Detail>,
): Promise<TierWrite> {
  const { cache, keep } = into;
  const part = crypto.randomUUID();
  const address = await addressOf(key, part);
  let isNamed = false;
  try {
    const response = new Response(stream, { headers: bodyFields(keep) });
    const put = cache.putArriving(address, response, completed);
    // A cache may accept the response without reading its body. Cancel the stream, or its writer
    // would wait forever.
    await put.finally(() => stream.cancel().catch(() => undefined));
    const bodyBytes = await completed;
    if (bodyBytes === "cut") return { kind: "refused", rule: "cut" };
    const head = { kind: "response", metadata: { ...metadata, bodyBytes } } as const;
    const written = await writeHead(key, head, { ...into, body: null, part });
    isNamed = true;
    return written;
  } catch (cause) {
    // A truncated stream also makes the put fail. Any other failure is the cache's.
    const isCut = (await Promise.race([completed, Promise.resolve()])) === "cut";
    if (isCut) return { kind: "refused", rule: "cut" };
    throw cause;
  } finally {
    if (!isNamed) await cache.delete(address);
  }
}
