// The shared tier: one Redis database for all colos. A record is one string, so a fill, a lookup
// and most 304s cost one command each.
import { bodyOf, bytesOfText, decodeBody } from "./body-text.ts";
import { BoundedMap } from "../../base/bounded-map.ts";
import { listIn } from "../../base/json-text.ts";
import { digestOf } from "../../cache/record/record.ts";
import { JoinedRemovals } from "./joined-removals.ts";
import { comparedHeadOf, encodeRecord } from "../../cache/tiers/record-codec.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { listRecords, type RecordsInRedis } from "./record-listing.ts";
import {
  headCharsMax,
  isCutHead,
  padded,
  readCommand,
  recordIn,
  recordText,
} from "./record-text.ts";
import {
  type RecordList,
  type ListingBounds,
  foundWith,
  type PreparedWrite,
  type RecordHead,
  refuseArriving,
  type Tier,
  type TierAsk,
  type TierKeep,
  type TierFill,
  type TierRead,
  type TierRecord,
  type TierRemoval,
  type TierWrite,
} from "../../cache/tiers/tier.ts";
import type { Redis } from "../../remote/redis/redis.ts";
import { RedisLocks } from "./redis-locks.ts";
import { purposeOf } from "../../remote/purpose.ts";
import { newerArgs } from "./write-unless-newer.ts";
import {
  isRewritten,
  stampSlot,
  type Upload,
  Uploads,
  type UploadsSettings,
  writtenBy,
} from "./uploads.ts";

export interface SharedTierSettings<Detail>
  extends RecordsInRedis<Detail>, Omit<UploadsSettings, "redis"> {
  readonly bodyBytesMax: number;
  /** Called for an unreadable record, and for a body with a wrong digest. */
  readonly onBadRecord: () => void;
  readonly nowAtMs: () => number;
  /**
   * The minimum length of an unchanged body's text at which the body is not sent again. Default:
   * the length from which a check is cheaper.
   */
  readonly rewriteFromChars?: number;
  /** The journal's key, if a script may use it together with the key of a record. */
  readonly journalKey?: string | undefined;
}

/**
 * It takes three commands to check for an unchanged body, rewrite its metadata and extend its
 * expiry. It takes one command to send the body again. The difference of $0.000004, plus
 * $0.00000012 for the 4 KiB reply, pays for 137,000 characters at $0.03/GB.
 */
const rewriteFromCharsUnlessSet = 150_000;

/**
 * The maximum number of spoiled keys to remember. If a spoiled key is forgotten, only a fill with a
 * new body repairs its record.
 */
const spoiledKeysMax = 1_000;

/** The largest value in a script of the journal, which delays the others of its turn. */
const withPurgeBytesMax = 16_384;

/** The records of one pipeline. The reads of other calls wait behind it. */
const togetherMax = 256;

const doubtful = { kind: "unavailable", cause: "unreachable" } as const;

export class SharedTier<Detail> implements Tier<Detail> {
  readonly name = "shared";
  readonly arrivingBytesMax = 0;
  readonly bodyBytesMax: number;
  readonly #settings: SharedTierSettings<Detail>;
  readonly locks: RedisLocks<Detail>;
  readonly #uploads: Uploads;
  /**
   * Keys whose body does not match its metadata. Rewriting the metadata alone would not repair
   * them.
   */
  readonly #spoiled = new BoundedMap<true>({ sizeMax: spoiledKeysMax });
  readonly #removals: JoinedRemovals;

  constructor(settings: SharedTierSettings<Detail>) {
    this.#settings = settings;
    this.bodyBytesMax = settings.bodyBytesMax;
    this.locks = new RedisLocks({ ...settings, randomText: () => crypto.randomUUID() });
    this.#uploads = new Uploads(settings);
    this.#removals = new JoinedRemovals(settings);
  }

  async read(key: RecordKey, ask: TierAsk<Detail>): Promise<TierRead<Detail>> {
    const redisKey = await key.nameIn(this.#settings.namespace);
    if (ask.isPeek !== true) this.#removals.takeUpLate(ask);
    if (this.#removals.isWaiting(redisKey)) return { kind: "absent" };
    const command = readCommand(redisKey, ask.part);
    const answer = await this.#settings.redis.read(
      "look-up",
      ask.atPrimary === true
        ? async (redis) => (await redis.multi([command]))[0]
        : (redis) => redis.exec(command),
      ask.afterAnswer,
      ask.waitsLongest === true ? "longest" : "page",
    );
    // The key has a value of another type.
    if (answer.kind === "unavailable")
      return answer.cause === "wrong-type" ? this.#bad(ask) : answer;
    const text = answer.value;
    const isWhole =
      ask.part === "whole" || (typeof text === "string" && text.length < headCharsMax);
    if (isCutHead(text) && !isWhole) return this.read(key, { ...ask, part: "whole" });
    return this.#readFrom(text, { redisKey, ask, isWhole });
  }

  /**
   * Reads whole records with one command for up to 256 keys. The next one waits for its answer, so the database
   * answers others meanwhile, and each has the time-out of a few keys.
   */
  async readMany(
    keys: readonly RecordKey[],
    ask: Pick<TierAsk<Detail>, "atMs" | "seesExpired" | "afterAnswer">,
  ): Promise<readonly TierRead<Detail>[]> {
    const { namespace, redis } = this.#settings;
    const whole = { ...ask, part: "whole" } as const;
    const redisKeys: string[] = [];
    for (const key of keys) {
      const name = key.nameIn(namespace);
      redisKeys.push(typeof name === "string" ? name : await name);
    }
    this.#removals.takeUpLate(whole);
    const reads: TierRead<Detail>[] = [];
    for (let from = 0; from < redisKeys.length; from += togetherMax) {
      const part = redisKeys.slice(from, from + togetherMax);
      const mget = (client: Redis) => client.exec(["MGET", ...part]);
      const answer = await redis.read("look-up", mget, ask.afterAnswer, "longest");
      if (answer.kind === "unavailable") return [...reads, ...keys.slice(from).map(() => answer)];
      const texts = listIn(answer.value);
      for (const redisKey of part) {
        const text = this.#removals.isWaiting(redisKey) ? "" : texts[reads.length - from];
        const read = this.#readFrom(text, { redisKey, ask: whole, isWhole: true });
        reads.push(read instanceof Promise ? await read : read);
      }
    }
    return reads;
  }

  #readFrom(
    text: unknown,
    { redisKey, ask, isWhole }: { redisKey: string; ask: TierAsk<Detail>; isWhole: boolean },
  ): TierRead<Detail> | Promise<TierRead<Detail>> {
    if (typeof text !== "string" || text === "") return { kind: "absent" };
    const stored = recordIn(redisKey, text, this.#settings);
    if (stored === undefined) return this.#bad(ask);
    const isExpired = ask.atMs >= stored.keepUntilAtMs;
    if (isExpired && ask.seesExpired !== true) return { kind: "absent" };
    this.#prolong(redisKey, stored.keepUntilAtMs, ask);
    const { record, bodyText } = stored;
    if (record.kind === "vary") return { kind: "found", record };
    const { metadata } = record;
    if (!isWhole) return foundWith(metadata, { kind: "absent" });
    const decoding = decodeBody(bodyText, metadata, this.#settings.bodyBytesMax);
    const verified = (body: typeof decoding): TierRead<Detail> | Promise<TierRead<Detail>> => {
      if (body instanceof Promise) return body.then(verified);
      const withDigest = (digest: string | undefined) => {
        if (body !== undefined && digest === metadata.bodyDigest) return foundWith(metadata, body);
        if (ask.isPeek !== true) this.#spoiled.set(redisKey, true);
        return this.#bad(ask);
      };
      const digest = body && digestOf(body);
      return digest instanceof Promise ? digest.then(withDigest) : withDigest(digest);
    };
    return verified(decoding);
  }

  /**
   * Extends the expiry of a record that is read, if the caller requests this (`prolongMs`). `GT`
   * prevents an expiry earlier than the present one.
   */
  #prolong(redisKey: string, untilAtMs: number, ask: TierAsk<Detail>): void {
    const { atMs, prolongMs, isPeek, afterAnswer } = ask;
    if (prolongMs === undefined || isPeek === true) return;
    const keepMs = Math.floor(Math.min(prolongMs, untilAtMs - atMs));
    afterAnswer(async () => {
      await this.#settings.redis.write("freshening", (client) =>
        client.exec(["PEXPIRE", redisKey, keepMs, "GT"]),
      );
    });
  }

  #bad({ isPeek }: TierAsk<Detail>): TierRead<Detail> {
    if (isPeek !== true) this.#settings.onBadRecord();
    return { kind: "absent" };
  }

  get isBreakerOpen(): boolean {
    return this.#settings.redis.health.isBreakerOpen;
  }

  get isBesideJournal(): boolean {
    return this.#settings.journalKey !== undefined;
  }

  listed(bounds: ListingBounds): Promise<RecordList<Detail> | "unavailable"> {
    return listRecords(this.#settings, bounds);
  }

  async remove(key: RecordKey): Promise<TierRemoval> {
    return this.#removals.remove(await key.nameIn(this.#settings.namespace));
  }

  async write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): Promise<TierWrite> {
    if (record.kind === "arriving") return refuseArriving(record);
    const upload = await this.#uploadOf(key, record, keep);
    if ("kind" in upload) return upload;
    const answer = await this.#uploads.send(purposeOf(record, keep), [upload], async (client) => {
      if (upload.heldDigest !== null && (await isRewritten(client, upload, this.#settings)))
        return ["OK"];
      return this.#uploads.write(client, [upload]);
    });
    if (answer.kind === "answered") this.#spoiled.delete(upload.redisKey);
    return writtenBy(answer, 0);
  }

  async prepared(
    key: RecordKey,
    record: TierRecord<Detail>,
    keep: TierKeep,
  ): Promise<PreparedWrite | undefined> {
    const { redis } = this.#settings;
    if (!this.isBesideJournal || redis.health.isBreakerOpen || redis.health.refusesWrites)
      return undefined;
    if (record.kind === "vary" || !(record.stored.metadata.bodyBytes! <= withPurgeBytesMax))
      return undefined;
    const metadata = { ...record.stored.metadata, stamp: stampSlot };
    const slotted = { ...record, stored: { ...record.stored, metadata } };
    const upload = await this.#uploadOf(key, slotted, keep);
    if ("kind" in upload) return undefined;
    const ended = async (reply: unknown) => {
      const checking = this.#uploads.ended(upload);
      if (checking !== undefined) await checking;
      if (reply === undefined || reply === "not-at-end") return undefined;
      this.#spoiled.delete(upload.redisKey);
      return writtenBy({ kind: "answered", value: [reply] }, 0);
    };
    return { write: this.#uploads.withPurge(upload, keep), ended };
  }

  /** Writes records. A script writes up to 16 of data. Others cost a command each, because MSET sets no expiry. */
  async writeMany(
    records: readonly (readonly [key: RecordKey, record: TierRecord<Detail>, keep: TierKeep])[],
  ): Promise<readonly TierWrite[]> {
    const making = records.map((given) => this.#uploadOf(...given));
    const made: (Upload | TierWrite)[] = [];
    for (const one of making) made.push(await one);
    const uploads = made.filter((one): one is Upload => !("kind" in one));
    const written = new Map<Upload, TierWrite>();
    for (let from = 0; from < uploads.length; from += togetherMax) {
      const part = uploads.slice(from, from + togetherMax);
      const answer = await this.#uploads.send("fill", part, (client) =>
        this.#uploads.write(client, part),
      );
      for (const [at, upload] of part.entries()) {
        written.set(upload, writtenBy(answer, at));
        if (answer.kind === "answered") this.#spoiled.delete(upload.redisKey);
      }
    }
    return made.map((one) => ("kind" in one ? one : (written.get(one) ?? doubtful)));
  }

  /**
   * Encodes a record, and registers its upload. If the record cannot be sent, returns the result of
   * the write instead.
   */
  async #uploadOf(
    key: RecordKey,
    record: TierRecord<Detail>,
    keep: TierKeep,
  ): Promise<Upload | TierWrite> {
    const { sharedMsMin = 0, sharedMsMax = Infinity } = keep;
    const keepMs = Math.min(Math.floor(keep.untilAtMs - keep.atMs), sharedMsMax);
    if (keepMs <= 0) return { kind: "refused", rule: "expired" };
    // Check first whether the breaker of the database is open, because compression takes CPU time.
    const { redis, namespace, form, rewriteFromChars = rewriteFromCharsUnlessSet } = this.#settings;
    if (redis.health.isBreakerOpen && !(await redis.answers()))
      return { kind: "unavailable", cause: "breaker-open" };
    const name = key.nameIn(namespace);
    const redisKey = typeof name === "string" ? name : await name;
    const head = comparedHeadOf(record, keep);
    const encoded = encodeRecord(head, keep.untilAtMs, form, key.knownDigest);
    const encoding = bodyOf(record, this.#settings, recordText(encoded, "").length);
    const body = encoding instanceof Promise ? await encoding : encoding;
    if (typeof body === "object") return body;
    const isLong = record.kind === "response" && body.length >= rewriteFromChars;
    const isHeld = isLong && keep.body === "unchanged" && !this.#spoiled.has(redisKey);
    const text = recordText(isLong ? padded(encoded) : encoded, body);
    const upload: Upload = {
      redisKey,
      head: encoded,
      body,
      text,
      bytes: text.length - body.length + bytesOfText(body, record),
      keepMs: Math.max(keepMs, sharedMsMin),
      sinceAtMs: keep.atMs,
      heldDigest: isHeld ? record.stored.metadata.bodyDigest : null,
      newerArgs:
        head.kind === "response" && keep.unlessNewer !== undefined
          ? newerArgs(head.metadata, keep.unlessNewer)
          : undefined,
      atEnd: this.#atEnd(head, keep),
    };
    if (!this.#uploads.begin(upload)) return { kind: "refused", rule: "busy" };
    return upload;
  }

  #atEnd(head: RecordHead<Detail>, { isAtEnd }: TierKeep): Upload["atEnd"] {
    const { journalKey } = this.#settings;
    if (isAtEnd !== true || journalKey === undefined || head.kind === "vary") return undefined;
    const { stamp } = head.metadata;
    return { journalKey, n: stamp === "none" ? "" : stamp.n };
  }
}
