// The shared tier in Durable Objects. Each object has a share of the keys, and answers one call at a
// time, so a record is always up to date.
import { errorName } from "../../base/error-name.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { BytesBody } from "../../cache/record/record.ts";
import { bodyIn } from "../../cache/tiers/record-form.ts";
import type { Locks } from "../../cache/tiers/lock.ts";
import { comparedHeadOf, decodeRecord, encodeRecord } from "../../cache/tiers/record-codec.ts";
import {
  foundWith,
  refuseArriving,
  type RecordHead,
  breakerOpen,
  type Tier,
  type TierAsk,
  type TierFill,
  type TierKeep,
  type TierRead,
  type TierRecord,
  type TierRemoval,
  type TierTrouble,
  type TierWrite,
} from "../../cache/tiers/tier.ts";
import type { TierSettings } from "../../cache/tiers/tier-in-code.ts";
import { purposeOf, type CallPurpose } from "../../remote/purpose.ts";
import { readMsMax, writeMsMax } from "../../remote/latency-bound.ts";
import { ObjectLocks } from "./object-locks.ts";
import type { RecordsClient, Target } from "./records-client.ts";
import { unlessNewer } from "./is-newer.ts";
import { type ManyWrite, manyBytesMax } from "./framed-call.ts";

export interface ObjectTierSettings<Detail> extends TierSettings<Detail> {
  readonly client: RecordsClient;
  readonly randomText: () => string;
}

/** A record to write. */
interface Upload {
  /** The index of its result. */
  readonly at: number;
  readonly target: Target;
  readonly record: ManyWrite;
  readonly blob: Blob;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** A row of SQLite in a Durable Object has at most 2 MB (developers.cloudflare.com, "Limits"). */
const rowBytesMax = 1_950_000;

export class ObjectTier<Detail> implements Tier<Detail> {
  readonly name = "shared";
  readonly arrivingBytesMax = 0;
  readonly bodyBytesMax = rowBytesMax;
  readonly locks: Locks<RecordHead<Detail>>;
  readonly #settings: ObjectTierSettings<Detail>;
  readonly #client: RecordsClient;

  constructor(settings: ObjectTierSettings<Detail>) {
    this.#settings = settings;
    this.#client = settings.client;
    this.locks = new ObjectLocks(settings);
  }

  get isBreakerOpen(): boolean {
    return this.#client.health.isBreakerOpen;
  }

  get trouble(): TierTrouble | undefined {
    return this.#client.trouble;
  }

  async read(key: RecordKey, ask: TierAsk<Detail>): Promise<TierRead<Detail>> {
    try {
      const name = await key.nameIn(this.#settings.namespace);
      const part = ask.part === "whole" && ask.isPeek !== true ? "whole" : "head";
      const target = await this.#client.objectOf(key);
      const { isPeek, seesExpired } = ask;
      const given = {
        target,
        call: "read",
        ask: { key: name, part, isPeek, seesExpired },
        msMax: readMsMax,
      } as const;
      const read = (purpose: CallPurpose) => this.#client.send({ ...given, purpose });
      if (!this.#client.health.mayBeAsked(() => read("probe"), ask.afterAnswer)) return breakerOpen;
      const { reply, body } = await read("look-up");
      const held = reply.hasBody === true && ask.isPeek !== true ? body : undefined;
      return this.#readFrom({ head: reply.head, key }, held, ask);
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  /** Reads whole records, with one call for each object unless they exceed a message. */
  async readMany(
    keys: readonly RecordKey[],
    ask: Pick<TierAsk<Detail>, "atMs" | "seesExpired" | "afterAnswer">,
  ): Promise<readonly TierRead<Detail>[]> {
    const reads = new Map<number, TierRead<Detail>>();
    const each = [...(await this.#client.grouped(keys))].map(async ([target, places]) => {
      try {
        const own = places.flatMap((at) => keys[at] ?? []);
        const found = await this.#readFromObject(target, own, ask);
        for (const [nth, at] of places.entries()) reads.set(at, found[nth] ?? breakerOpen);
      } catch (cause) {
        for (const at of places) reads.set(at, { kind: "unavailable", cause: errorName(cause) });
      }
    });
    await Promise.all(each);
    return keys.map((_, at) => reads.get(at) ?? breakerOpen);
  }

  /** @returns fewer reads than keys if the breaker of the tier is open */
  async #readFromObject(
    target: Target,
    keys: readonly RecordKey[],
    ask: Pick<TierAsk<Detail>, "atMs" | "seesExpired" | "afterAnswer">,
  ): Promise<readonly TierRead<Detail>[]> {
    const { namespace } = this.#settings;
    const names = await Promise.all(keys.map(async (key) => key.nameIn(namespace)));
    const found: TierRead<Detail>[] = [];
    while (found.length < names.length) {
      const rest = { keys: names.slice(found.length) };
      const given = { target, call: "readMany", ask: rest, msMax: readMsMax } as const;
      const read = (purpose: CallPurpose) => this.#client.send({ ...given, purpose });
      if (!this.#client.health.mayBeAsked(() => read("probe"), ask.afterAnswer)) return found;
      const { reply, body } = await read("look-up");
      let from = 0;
      for (const { head, bodyBytes } of reply.records) {
        // A copy, because a slice would keep the bytes of all records in memory.
        const own = body.slice(from, (from += bodyBytes));
        const key = keys[found.length];
        found.push(this.#readFrom({ head, key }, own, { ...ask, part: "whole" }));
      }
    }
    return found;
  }

  /** @param body absent if it was not read */
  #readFrom(
    { head, key }: { readonly head: string | undefined; readonly key: RecordKey | undefined },
    body: Bytes | undefined,
    ask: TierAsk<Detail>,
  ): TierRead<Detail> {
    if (head === undefined) return { kind: "absent" };
    const decoded = decodeRecord(head, this.#settings.form, key?.knownDigest);
    if (decoded === undefined) return this.#bad(ask);
    const isExpired = ask.atMs >= decoded.keepUntilAtMs;
    if (isExpired && ask.seesExpired !== true) return { kind: "absent" };
    const { record } = decoded;
    if (record.kind === "vary") return { kind: "found", record };
    if (body === undefined) return foundWith(record.metadata, { kind: "absent" });
    if (body.byteLength !== record.metadata.bodyBytes) return this.#bad(ask);
    return foundWith(record.metadata, new BytesBody(body));
  }

  #bad({ isPeek }: TierAsk<Detail>): TierRead<Detail> {
    if (isPeek !== true) this.#settings.onBadRecord();
    return { kind: "absent" };
  }

  async write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): Promise<TierWrite> {
    if (record.kind === "arriving") return refuseArriving(record);
    if (keep.unlessNewer !== undefined) {
      const [written = breakerOpen] = await this.writeMany([[key, record, keep]]);
      return written;
    }
    const made = await this.#uploadOf(key, record, keep);
    if ("kind" in made) return made;
    const { target, blob } = made;
    const { bodyBytes: _, unless: __, ...ask } = made.record;
    try {
      const given = { target, call: "write", ask, bodies: [blob], msMax: writeMsMax } as const;
      await this.#client.send({ ...given, purpose: purposeOf(record, keep) });
      return { kind: "kept" };
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  /** Writes records, with one call for each object unless they exceed a message. */
  async writeMany(
    records: readonly (readonly [key: RecordKey, record: TierRecord<Detail>, keep: TierKeep])[],
  ): Promise<readonly TierWrite[]> {
    const made = await Promise.all(records.map(async (one, at) => this.#uploadOf(...one, at)));
    const writes = new Map<number, TierWrite>();
    const uploads = made.filter((one): one is Upload => !("kind" in one));
    const sending = messagesOf(uploads).map(async (message) => {
      const results = await this.#written(message);
      for (const [nth, { at }] of message.entries()) writes.set(at, results[nth] ?? breakerOpen);
    });
    await Promise.all(sending);
    return made.map((one, at) => ("kind" in one ? one : (writes.get(at) ?? breakerOpen)));
  }

  /** @param uploads all for one object */
  async #written(uploads: readonly Upload[]): Promise<readonly TierWrite[]> {
    const [first] = uploads;
    if (first === undefined) return [];
    const records = uploads.map(({ record }) => record);
    // A repeated `set` could replace a later one with an equal stamp, so it is sent once (rule 28 d).
    const mayRepeat = records.every(({ unless }) => unless?.kind !== "set");
    const bodies = uploads.map(({ blob }) => blob);
    const [{ target }, msMax] = [first, writeMsMax];
    try {
      const given = { target, call: "writeMany", ask: { records }, bodies, msMax, mayRepeat };
      const { reply } = await this.#client.send({ ...given, call: "writeMany", purpose: "fill" });
      return reply.areNewer.map((isNewer) =>
        isNewer ? { kind: "refused", rule: "newer" } : { kind: "kept" },
      );
    } catch (cause) {
      return uploads.map(() => ({ kind: "unavailable", cause: errorName(cause) }));
    }
  }

  /** Encodes a record. If it cannot be sent, returns the result of the write instead. */
  async #uploadOf(
    key: RecordKey,
    record: TierRecord<Detail>,
    keep: TierKeep,
    at = 0,
  ): Promise<Upload | TierWrite> {
    const { sharedMsMax = Infinity } = keep;
    const keepMs = Math.min(Math.floor(keep.untilAtMs - keep.atMs), sharedMsMax);
    if (keepMs <= 0) return { kind: "refused", rule: "expired" };
    if (this.isBreakerOpen) return breakerOpen;
    const blob = record.kind === "vary" ? new Blob() : bodyIn(record)?.blob;
    if (blob === undefined) return { kind: "refused", rule: "arriving" };
    const name = await key.nameIn(this.#settings.namespace);
    const { form } = this.#settings;
    const compared = comparedHeadOf(record, keep);
    const head = encodeRecord(compared, keep.untilAtMs, form, key.knownDigest);
    if (head.length + blob.size > rowBytesMax) return { kind: "refused", rule: "too-large" };
    const unless =
      compared.kind === "response" && keep.unlessNewer !== undefined
        ? unlessNewer(compared.metadata, keep.unlessNewer)
        : undefined;
    const made = { key: name, keepMs, head, bodyBytes: blob.size, unless };
    return { at, target: await this.#client.objectOf(key), record: made, blob };
  }

  async remove(key: RecordKey): Promise<TierRemoval> {
    try {
      const ask = { key: await key.nameIn(this.#settings.namespace) };
      const target = await this.#client.objectOf(key);
      const given = { target, call: "remove", ask, msMax: writeMsMax } as const;
      await this.#client.send({ ...given, purpose: "removal" });
      return "removed";
    } catch {
      return "unavailable";
    }
  }
}

/** Groups records by object, and divides groups that are too large for one message. */
function messagesOf(uploads: readonly Upload[]): readonly (readonly Upload[])[] {
  const messages: { readonly target: Target; bytes: number; readonly uploads: Upload[] }[] = [];
  for (const upload of uploads) {
    const { target, blob } = upload;
    const open = messages.findLast((message) => message.target === target);
    if (open === undefined || open.bytes + blob.size > manyBytesMax)
      messages.push({ target, bytes: blob.size, uploads: [upload] });
    else {
      open.bytes += blob.size;
      open.uploads.push(upload);
    }
  }
  return messages.map((message) => message.uploads);
}
