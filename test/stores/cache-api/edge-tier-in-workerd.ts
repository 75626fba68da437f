// Runs the edge tier in workerd, and gives tests in Node the interface of a tier.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Colo, startColo } from "../../../local/colo.ts";
import type { ByteRange } from "../../../src/rules/ranges.ts";
import type { StoredBody } from "../../../src/cache/record/record.ts";
import { headOf } from "../../../src/cache/tiers/record-codec.ts";
import { edgeBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import type { RecordKey } from "../../../src/cache/record/record-key.ts";
import type { TierKeep, TierRemoval, TierWrite } from "../../../src/cache/tiers/tier.ts";
import type { BodyTold, EdgeAnswer, EdgeOrder } from "./edge-tier-worker.ts";
import { bytesIn } from "../../../testing/fakes/body-bytes.ts";
import { framed, unframed } from "./framed.ts";
import type {
  ArrivingResponse,
  ResponseAsk,
  ResponseHead,
  ResponseRead,
  ResponseRecord,
  ResponseTier,
} from "../../../src/pages/stored/stored-response.ts";

export interface Told {
  readonly record: ResponseHead;
  readonly body: BodyTold;
  readonly bytes: Uint8Array;
}

export class EdgeTierInWorkerd implements ResponseTier {
  readonly name = "edge";
  readonly arrivingBytesMax = edgeBodyBytesMax;
  readonly bodyBytesMax = edgeBodyBytesMax;
  readonly isBreakerOpen = false;
  badRecordCount = 0;
  /** The addresses at which the last write has put responses into the Cache API. */
  putAt: readonly string[] = [];
  readonly #colo: Colo;

  private constructor(colo: Colo) {
    this.#colo = colo;
  }

  static async start(): Promise<EdgeTierInWorkerd> {
    const worker = await bundledWorker();
    return new EdgeTierInWorkerd(await startColo({ name: "EDGE", worker, port: 0, env: {} }));
  }

  async stop(): Promise<void> {
    await this.#colo.stop();
  }

  async read(
    key: RecordKey,
    { atMs, part, range }: Pick<ResponseAsk, "atMs" | "part"> & { range?: ByteRange },
  ): Promise<ResponseRead> {
    const { answer, bytes } = await this.#order({
      kind: "read",
      key: { text: key.text, host: key.host },
      atMs,
      part,
      ...(range && { range }),
    });
    if (answer.kind !== "read") throw unexpected(answer);
    this.badRecordCount += answer.badRecordCount;
    const { read } = answer;
    if (read.kind !== "found-beside") return read;
    const { metadata } = read.head;
    const stored = { metadata, body: bodyAs(read.body, bytes, range) };
    return { kind: "found", record: { kind: "response", stored } };
  }

  async write(
    key: RecordKey,
    record: ResponseRecord | ArrivingResponse,
    keep: TierKeep,
  ): Promise<TierWrite> {
    return this.writeTold(key, keep, await told(record));
  }

  async remove(key: RecordKey): Promise<TierRemoval> {
    const { text, host } = key;
    const { answer } = await this.#order({ kind: "remove", key: { text, host } });
    if (answer.kind !== "removed") throw unexpected(answer);
    return answer.kind;
  }

  /** Writes a record whose body arrives in the given pieces and with the given end. */
  async writeTold(key: RecordKey, keep: TierKeep, given: Told): Promise<TierWrite> {
    const { record, body, bytes } = given;
    const { text, host } = key;
    const order = { kind: "write", key: { text, host }, record, body, keep } as const;
    const { answer } = await this.#order(order, bytes);
    if (answer.kind !== "written") throw unexpected(answer);
    this.badRecordCount += answer.badRecordCount;
    this.putAt = answer.putAt;
    return answer.written;
  }

  /** Returns the response at an address of the Cache API. */
  async cachedAt(
    address: string,
  ): Promise<{ status: number; fields: Map<string, string>; bytes: Uint8Array } | undefined> {
    const { answer, bytes } = await this.#order({ kind: "cached-at", address });
    if (answer.kind === "not-cached") return undefined;
    if (answer.kind !== "cached") throw unexpected(answer);
    return { status: answer.status, fields: new Map(answer.fields), bytes };
  }

  /** Puts a response into the Cache API that the tier has not written. */
  async plant(
    address: string,
    given: { fields: Record<string, string>; bytes: Uint8Array },
  ): Promise<void> {
    const { fields, bytes } = given;
    await this.#order({ kind: "plant", address, fields }, bytes);
  }

  async #order(
    order: EdgeOrder,
    bytes: Uint8Array = new Uint8Array(0),
  ): Promise<{ answer: EdgeAnswer; bytes: Uint8Array<ArrayBuffer> }> {
    const body = framed(order, bytes);
    const response = await fetch(this.#colo.url, { method: "POST", body });
    if (!response.ok) throw new Error(`The edge tier's Worker failed: ${await response.text()}`);
    const { head, bytes: beside } = unframed(await response.arrayBuffer());
    return { answer: head as EdgeAnswer, bytes: beside };
  }
}

async function bundledWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("edge-tier-worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    target: "es2024",
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

function unexpected(answer: EdgeAnswer): Error {
  return new Error(`The edge tier's Worker answered with ${answer.kind}.`);
}

function bodyAs(
  kind: StoredBody["kind"],
  bytes: Uint8Array<ArrayBuffer>,
  range?: ByteRange,
): StoredBody {
  if (kind === "absent") return { kind };
  const blob = new Blob([bytes]);
  if (kind === "blob") return { kind, blob };
  if (kind === "stream") return { kind, stream: blob.stream() };
  if (range === undefined) throw new Error("The Worker returned a part without a requested range.");
  return { kind, range, stream: blob.stream() };
}

/** Reads an arriving body, and returns the lengths of its pieces and the kind of its end. */
async function told(record: ResponseRecord | ArrivingResponse): Promise<Told> {
  const bytes = new Uint8Array(0);
  if (record.kind === "vary") return { record, body: { kind: "absent" }, bytes };
  if (record.kind === "response") {
    const { body } = record.stored;
    const head = headOf(record);
    const kind = body.kind === "blob" ? "blob" : "absent";
    return { record: head, body: { kind }, bytes: await bytesIn(body) };
  }
  const pieces: Uint8Array[] = [];
  let end: "close" | "abort" = "close";
  try {
    for await (const piece of record.stream) pieces.push(piece);
  } catch {
    end = "abort";
  }
  return {
    record: { kind: "response", metadata: record.metadata },
    body: { kind: "arriving", pieceBytes: pieces.map(({ byteLength }) => byteLength), end },
    bytes: Buffer.concat(pieces),
  };
}
