// A Worker that runs the edge tier in workerd for tests in Node. The Worker can also read and put
// responses in the Cache API without the tier.
import { openBytePipe } from "../../../src/bodies/client-end.ts";
import type { ByteRange } from "../../../src/rules/ranges.ts";
import type { StoredBody } from "../../../src/cache/record/record.ts";
import { EdgeTier } from "../../../src/stores/cache-api/edge-tier.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import type { TierKeep, TierWrite } from "../../../src/cache/tiers/tier.ts";
import { bytesIn } from "../../../testing/fakes/body-bytes.ts";
import { fieldBytes, fieldBytesMax } from "../../../testing/fakes/fake-cache.ts";
import { framed, unframed } from "./framed.ts";
import type {
  ArrivingResponse,
  ResponseAsk,
  ResponseHead,
  ResponseRead,
  ResponseRecord,
} from "../../../src/pages/stored/stored-response.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";

interface KeyTold {
  readonly text: string;
  readonly host: string;
}

/** How a body reaches the tier. Its bytes follow the order in the same request. */
export type BodyTold =
  | { kind: "blob" | "absent" }
  /** Pieces of these lengths, through a pipe like that of a fill, and the end of the pipe. */
  | { kind: "arriving"; pieceBytes: readonly number[]; end: "close" | "abort" };

export type EdgeOrder =
  | { kind: "read"; key: KeyTold; atMs: number; part: ResponseAsk["part"]; range?: ByteRange }
  | { kind: "write"; key: KeyTold; record: ResponseHead; body: BodyTold; keep: TierKeep }
  | { kind: "remove"; key: KeyTold }
  | { kind: "cached-at"; address: string }
  | { kind: "plant"; address: string; fields: Record<string, string> };

export type EdgeAnswer =
  | { kind: "read"; read: ResponseRead | ReadWithoutBody; badRecordCount: number }
  | { kind: "written"; written: TierWrite; badRecordCount: number; putAt: readonly string[] }
  | { kind: "cached"; status: number; fields: [string, string][] }
  | { kind: "not-cached" }
  | { kind: "removed" }
  | { kind: "planted" };

/** A found response. The bytes of its body follow the answer. */
export interface ReadWithoutBody {
  readonly kind: "found-beside";
  readonly head: Extract<ResponseHead, { kind: "response" }>;
  readonly body: StoredBody["kind"];
}

interface Answered {
  readonly answer: EdgeAnswer;
  readonly bytes?: Uint8Array;
}

/** The bad records and puts of the current order. */
const noted = { badRecordCount: 0, putAt: [] as string[] };

const cache: Pick<Cache, "match" | "put" | "delete"> = {
  match: (address) => caches.default.match(address),
  delete: (address) => caches.default.delete(address),
  put: (address, response) => {
    noted.putAt.push(new Request(address).url);
    if (fieldBytes(response.headers) > fieldBytesMax) throw new TypeError("too many fields");
    return caches.default.put(address, response);
  },
};

/** One tier for all orders, which arrive one at a time. The tier keeps its decoded records. */
const tier = new EdgeTier({
  form: responseForm,
  cache: () => cache,
  nowAtMs: Date.now,
  onBadRecord: () => (noted.badRecordCount += 1),
});

export default {
  async fetch(request: Request): Promise<Response> {
    const { head, bytes } = unframed(await request.arrayBuffer());
    const done = await carriedOut(head as EdgeOrder, bytes);
    return new Response(framed(done.answer, done.bytes ?? new Uint8Array(0)));
  },
};

async function carriedOut(order: EdgeOrder, bytes: Uint8Array<ArrayBuffer>): Promise<Answered> {
  switch (order.kind) {
    case "read":
      return read(order);
    case "write":
      return write(order, bytes);
    case "remove":
      await tier.remove(keyOf(order.key));
      return { answer: { kind: "removed" } };
    case "cached-at": {
      const cached = await caches.default.match(order.address);
      if (cached === undefined) return { answer: { kind: "not-cached" } };
      const { status, headers } = cached;
      return {
        answer: { kind: "cached", status, fields: [...headers] },
        bytes: new Uint8Array(await cached.arrayBuffer()),
      };
    }
    case "plant": {
      const headers = { "cache-control": "public, max-age=3600", ...order.fields };
      await caches.default.put(order.address, new Response(bytes, { headers }));
      return { answer: { kind: "planted" } };
    }
    default:
      throw new Error("No such order.");
  }
}

async function read(order: Extract<EdgeOrder, { kind: "read" }>): Promise<Answered> {
  noted.badRecordCount = 0;
  const asked = { ...order, rangeOf: () => order.range, afterAnswer: () => undefined };
  const found = await tier.read(keyOf(order.key), asked);
  const { badRecordCount } = noted;
  if (found.kind !== "found" || found.record.kind === "vary") {
    return { answer: { kind: "read", read: found, badRecordCount } };
  }
  const { metadata, body } = found.record.stored;
  const head = { kind: "response", metadata } as const;
  return {
    answer: {
      kind: "read",
      read: { kind: "found-beside", head, body: body.kind },
      badRecordCount,
    },
    bytes: await bytesIn(body),
  };
}

async function write(
  order: Extract<EdgeOrder, { kind: "write" }>,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Answered> {
  noted.badRecordCount = 0;
  noted.putAt = [];
  const told = recordTold(order, bytes);
  const written = await tier.write(keyOf(order.key), told, order.keep);
  return { answer: { kind: "written", written, ...noted } };
}

function keyOf({ text, host }: KeyTold): RecordKey {
  return new RecordKey(text, host);
}

function recordTold(
  { record, body }: Extract<EdgeOrder, { kind: "write" }>,
  bytes: Uint8Array<ArrayBuffer>,
): ResponseRecord | ArrivingResponse {
  if (record.kind === "vary") return record;
  const { metadata } = record;
  switch (body.kind) {
    case "blob": {
      const blob = new Blob([bytes]);
      return { kind: "response", stored: { metadata, body: { kind: "blob", blob } } };
    }
    case "absent":
      return { kind: "response", stored: { metadata, body: { kind: "absent" } } };
    case "arriving": {
      const { readable, writer } = openBytePipe(metadata.bodyBytes);
      const completed = poured(writer, bytes, body);
      return { kind: "arriving", metadata, stream: readable, completed };
    }
    default:
      throw new Error("No such body.");
  }
}

/**
 * Writes the pieces. Like a fill, resolves to "cut" before the reader receives the error.
 */
async function poured(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  bytes: Uint8Array,
  { pieceBytes, end }: Extract<BodyTold, { kind: "arriving" }>,
): Promise<number | "cut"> {
  let at = 0;
  try {
    for (const length of pieceBytes) {
      await writer.write(bytes.subarray(at, at + length));
      at += length;
    }
    if (end === "close") {
      await writer.close();
      return at;
    }
  } catch {
    return "cut";
  }
  void writer.abort(new Error("cut")).catch(() => undefined);
  return "cut";
}
