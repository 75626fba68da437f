// The KV tier: one Workers KV namespace for all colos. Each colo reads a nearby copy, up to a
// minute old (developers.cloudflare.com, "How KV works"). Old copies are safe, because a record may
// answer only as its stamp and times allow.
import { errorName } from "../../base/error-name.ts";
import type { Log } from "../../observe/log-line.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { MetadataWith } from "../../cache/record/record.ts";
import { BoundedCalls, readMsMax, writeMsMax } from "../bounded-calls.ts";
import { bodyIn } from "../../cache/tiers/heap-bytes.ts";
import { decodeRecord, encodeRecord, headOf } from "../../cache/tiers/record-codec.ts";
import {
  foundWith,
  isSmall,
  kvBodyBytesMax,
  refuseArriving,
  type Tier,
  type TierAsk,
  type TierFill,
  type TierKeep,
  type TierRead,
  type TierRemoval,
  type TierTrouble,
  type TierWrite,
} from "../../cache/tiers/tier.ts";
import type { TierName } from "../../config/tier-names.ts";
import type { MakeTier, TierInCode, TierSettings } from "../../cache/tiers/tier-in-code.ts";

/** A KV namespace, named by its binding in wrangler.toml. */
export interface WorkersKv {
  readonly binding: string;
}

/**
 * Adds copies of Redis records in Workers KV. A colo that reads a response from Redis writes the
 * copy, and other colos can then read the copy. Without Redis but with another journal, KV is the
 * shared tier: the colo that fetches a response writes it.
 *
 * @example createWorker(config, { tiers: [workersKv({ binding: "PAGES" })] })
 */
export function workersKv({ binding }: WorkersKv): TierInCode {
  return {
    name: "kv",
    bound(env) {
      const kv = env[binding];
      if (isKv(kv)) return ((settings) => new KvTier({ ...settings, kv })) satisfies MakeTier;
      return {
        what: "The KV tier is off.",
        why: `${binding} is not bound to a namespace of Workers KV.`,
        hint: `Name ${binding} under [[kv_namespaces]] in wrangler.toml.`,
      };
    },
  };
}

/**
 * Excludes service bindings, which appear to have every method, including `fetch`. KV lacks
 * `fetch`.
 */
function isKv(binding: unknown): binding is KvNamespace {
  if (typeof binding !== "object" || binding === null || "fetch" in binding) return false;
  return "getWithMetadata" in binding && "put" in binding;
}

/** The part of a KV namespace that the tier uses. */
export interface KvNamespace {
  get(
    key: string,
    options: { type: "stream"; cacheTtl: number },
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null>;
  put(key: string, value: ArrayBuffer, options: { expirationTtl: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface KvTierSettings<Detail> extends TierSettings<Detail> {
  readonly kv: KvNamespace;
}

/** The shortest expiry that KV allows, in seconds. */
const keepSecondsMin = 60;
/** The longest expiry that is sent: a year. KV rejects an expiry of decades. */
const keepSecondsMax = 31_536_000;
/** The seconds for which a colo may read its cached copy: the minimum that KV allows. */
const cacheTtl = 30;
const headBytesMax = 65_536;
/** Separates the head (JSON in ASCII) from the body. */
const lineFeed = 10;

export class KvTier<Detail> implements Tier<Detail> {
  readonly name: TierName;
  readonly arrivingBytesMax = 0;
  readonly #settings: KvTierSettings<Detail>;
  readonly #calls: BoundedCalls;

  constructor(settings: KvTierSettings<Detail>) {
    this.name = settings.name ?? "kv";
    this.#settings = settings;
    const tell: Log = (line) => settings.log({ ...line, part: "kv-tier" });
    this.#calls = new BoundedCalls({ ...settings, tell, about: "Workers KV", event: "kv" });
  }

  get isShutOff(): boolean {
    return this.#calls.isShutOff;
  }

  get trouble(): TierTrouble | undefined {
    return this.#calls.trouble;
  }

  async read(key: RecordKey, ask: TierAsk<Detail>): Promise<TierRead<Detail>> {
    try {
      const name = await key.nameIn(this.#settings.namespace);
      const probe = async () => (await this.#get(name))?.cancel();
      if (!this.#calls.mayBeAsked(probe, ask.afterAnswer)) return shutOff;
      const value = await this.#get(name);
      if (value === null) return { kind: "absent" };
      const cancelLate = (late: Awaited<ReturnType<typeof split>>) =>
        late && cancelStream(late.body);
      const parts = await this.#calls.answered(() => split(value), readMsMax, cancelLate);
      const decoded = parts && decodeRecord(parts.head, this.#settings.form);
      if (decoded === undefined && ask.isPeek !== true) this.#settings.onBadRecord();
      if (parts === undefined) return { kind: "absent" };
      if (decoded === undefined || ask.atMs >= decoded.keepUntilAtMs) {
        cancelStream(parts.body);
        return { kind: "absent" };
      }
      const { record } = decoded;
      if (record.kind === "response") return await this.#found(record.metadata, parts.body, ask);
      cancelStream(parts.body);
      return { kind: "found", record };
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  /**
   * Reads a body into memory if it is small, or if `isHeld` returns true. Streams any other body if
   * the caller reads the whole record. A peek reads no body.
   */
  async #found(
    metadata: MetadataWith<Detail>,
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    { part, isHeld, isPeek }: TierAsk<Detail>,
  ): Promise<TierRead<Detail>> {
    const isWhole = isPeek !== true && (isSmall(metadata) || isHeld?.(metadata) === true);
    if (!isWhole) {
      if (part === "whole" && isPeek !== true) {
        return foundWith(metadata, { kind: "stream", stream: body });
      }
      cancelStream(body);
      return foundWith(metadata, { kind: "absent" });
    }
    const blob = await this.#calls.answered(() => new Response(body).blob(), readMsMax);
    if (blob.size === metadata.bodyBytes) return foundWith(metadata, { kind: "blob", blob });
    this.#settings.onBadRecord();
    return { kind: "absent" };
  }

  async write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): Promise<TierWrite> {
    if (record.kind === "arriving") return refuseArriving(record);
    const keepSeconds = Math.floor((keep.untilAtMs - keep.atMs) / 1_000);
    if (keepSeconds <= 0) return { kind: "refused", rule: "expired" };
    if (keepSeconds < keepSecondsMin) return { kind: "refused", rule: "brief" };
    if (this.isShutOff) return shutOff;
    const blob = record.kind === "vary" ? new Blob() : bodyIn(record)?.blob;
    if (blob === undefined) return { kind: "refused", rule: "arriving" };
    const head = encodeRecord(headOf(record), keep.untilAtMs);
    if (head.length > headBytesMax || blob.size > kvBodyBytesMax) {
      return { kind: "refused", rule: "too-large" };
    }
    try {
      const name = await key.nameIn(this.#settings.namespace);
      const value = await new Blob([head, "\n", blob]).arrayBuffer();
      const expirationTtl = Math.min(keepSeconds, keepSecondsMax);
      await this.#calls.answered(
        () => this.#counted("write").put(name, value, { expirationTtl }),
        writeMsMax,
      );
      return { kind: "kept" };
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  async remove(key: RecordKey): Promise<TierRemoval> {
    try {
      const name = await key.nameIn(this.#settings.namespace);
      await this.#calls.answered(() => this.#counted("delete").delete(name), writeMsMax);
      return "removed";
    } catch {
      return "unavailable";
    }
  }

  /** Counts an operation that the caller starts at once. */
  #counted(operation: "read" | "write" | "delete"): KvNamespace {
    this.#settings.metrics?.add("kvOperations", [operation]);
    return this.#settings.kv;
  }

  #get(name: string) {
    const call = () => this.#counted("read").get(name, { type: "stream", cacheTtl });
    return this.#calls.answered(call, readMsMax, (late) => late && cancelStream(late));
  }
}

const shutOff = { kind: "unavailable", cause: "shut-off" } as const;

function cancelStream(stream: ReadableStream): void {
  void stream.cancel().catch(() => undefined);
}

/** Splits a value into its head and its body's stream. Returns `undefined` if there is no head. */
async function split(value: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const reader = value.getReader();
  const head: Uint8Array<ArrayBuffer>[] = [];
  let headBytes = 0;
  for (;;) {
    const { done, value: chunk } = await reader.read();
    const end = chunk?.indexOf(lineFeed) ?? -1;
    if (chunk === undefined || end !== -1) {
      if (done || chunk === undefined) return undefined;
      head.push(chunk.subarray(0, end));
      const text = await new Blob(head).text();
      return { head: text, body: rest(chunk.subarray(end + 1), reader) };
    }
    headBytes += chunk.byteLength;
    head.push(chunk);
    if (headBytes > headBytesMax) {
      void reader.cancel().catch(() => undefined);
      return undefined;
    }
  }
}

function rest(
  first: Uint8Array<ArrayBuffer>,
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start: (controller) => {
      if (first.byteLength > 0) controller.enqueue(first);
    },
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (cause) => reader.cancel(cause),
  });
}
