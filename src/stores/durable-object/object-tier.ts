// The shared tier and the leases in Durable Objects. Each object has a share of the keys, and
// answers one call at a time, so a record and its lease are always up to date.
import { errorName } from "../../base/error-name.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { bodyIn } from "../../cache/tiers/heap-bytes.ts";
import {
  type Lease,
  type LeaseAnswer,
  leaseMs,
  type Leases,
  type LeaseWord,
  wordMs,
} from "../../cache/tiers/lease.ts";
import { decodeRecord, encodeRecord, headOf } from "../../cache/tiers/record-codec.ts";
import {
  foundWith,
  refuseArriving,
  type RecordHead,
  type Tier,
  type TierAsk,
  type TierFill,
  type TierKeep,
  type TierRead,
  type TierRemoval,
  type TierTrouble,
  type TierWrite,
} from "../../cache/tiers/tier.ts";
import type { TierSettings } from "../../cache/tiers/tier-in-code.ts";
import type { Log } from "../../observe/log-line.ts";
import { purposeOf, type RedisPurpose } from "../../redis/purpose.ts";
import { BoundedCalls, readMsMax, writeMsMax } from "../bounded-calls.ts";
import type { Spread } from "../spread.ts";
import { framed, type RecordCall, type RecordCalls, unframed } from "./framed-call.ts";
import { answerOf, type ObjectStub } from "./object-client.ts";

export interface ObjectTierSettings<Detail> extends TierSettings<Detail> {
  /** Returns the stub of the object of a key. */
  readonly spread: Spread<() => ObjectStub>;
  readonly randomText: () => string;
}

/** A row of SQLite in a Durable Object has at most 2 MB (developers.cloudflare.com, "Limits"). */
const rowBytesMax = 1_950_000;

const shutOff = { kind: "unavailable", cause: "shut-off" } as const;
const words = Object.keys(wordMs) as LeaseWord[];

export class ObjectTier<Detail> implements Tier<Detail> {
  readonly name = "shared";
  readonly arrivingBytesMax = 0;
  readonly leases: Leases<RecordHead<Detail>>;
  readonly #settings: ObjectTierSettings<Detail>;
  readonly #calls: BoundedCalls;

  constructor(settings: ObjectTierSettings<Detail>) {
    this.#settings = settings;
    const tell: Log = (line) => settings.log({ ...line, part: "shared-tier" });
    const about = "The Durable Object of the records";
    this.#calls = new BoundedCalls({ ...settings, tell, about, event: "database" });
    this.leases = {
      ask: (key) => this.#ask(key),
      takeOver: (...given) => this.#takeOver(...given),
    };
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
      const part = ask.part === "whole" && ask.isPeek !== true ? "whole" : "head";
      const read = (purpose: RedisPurpose) => {
        const send = () => this.#send(key, purpose, "read", { key: name, part });
        return this.#calls.answered(send, readMsMax);
      };
      if (!this.#calls.mayBeAsked(() => read("probe"), ask.afterAnswer)) return shutOff;
      const { reply, body } = await read("look-up");
      if (reply.head === undefined) return { kind: "absent" };
      const decoded = decodeRecord(reply.head, this.#settings.form);
      if (decoded === undefined) return this.#bad(ask);
      if (ask.atMs >= decoded.keepUntilAtMs) return { kind: "absent" };
      const { record } = decoded;
      if (record.kind === "vary") return { kind: "found", record };
      if (reply.hasBody !== true || ask.isPeek === true)
        return foundWith(record.metadata, { kind: "absent" });
      if (body.byteLength !== record.metadata.bodyBytes) return this.#bad(ask);
      return foundWith(record.metadata, { kind: "blob", blob: new Blob([body]) });
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  #bad({ isPeek }: TierAsk<Detail>): TierRead<Detail> {
    if (isPeek !== true) this.#settings.onBadRecord();
    return { kind: "absent" };
  }

  async write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): Promise<TierWrite> {
    if (record.kind === "arriving") return refuseArriving(record);
    const { sharedMsMax = Infinity } = keep;
    const keepMs = Math.min(Math.floor(keep.untilAtMs - keep.atMs), sharedMsMax);
    if (keepMs <= 0) return { kind: "refused", rule: "expired" };
    if (this.isShutOff) return shutOff;
    const blob = record.kind === "vary" ? new Blob() : bodyIn(record)?.blob;
    if (blob === undefined) return { kind: "refused", rule: "arriving" };
    const head = encodeRecord(headOf(record), keep.untilAtMs);
    if (head.length + blob.size > rowBytesMax) return { kind: "refused", rule: "too-large" };
    try {
      const name = await key.nameIn(this.#settings.namespace);
      const purpose = purposeOf(record, keep);
      const write = () => this.#send(key, purpose, "write", { key: name, keepMs, head }, blob);
      await this.#calls.answered(write, writeMsMax);
      return { kind: "kept" };
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  async remove(key: RecordKey): Promise<TierRemoval> {
    try {
      const name = await key.nameIn(this.#settings.namespace);
      const remove = () => this.#send(key, "removal", "remove", { key: name });
      await this.#calls.answered(remove, writeMsMax);
      return "removed";
    } catch {
      return "unavailable";
    }
  }

  async #ask(key: RecordKey): Promise<LeaseAnswer<RecordHead<Detail>>> {
    const { form, namespace, randomText } = this.#settings;
    const [token, record, leaseKey] = [
      randomText(),
      await key.nameIn(namespace),
      await key.digest(),
    ];
    const ask = { key: leaseKey, record, token, ms: leaseMs };
    const reply = await this.#ofLease(key, "lease", ask);
    if (reply === undefined) return { kind: "unavailable" };
    const found = reply.head === undefined ? undefined : decodeRecord(reply.head, form)?.record;
    const word = words.find((one) => one === reply.value);
    if (word !== undefined) return { kind: "told", word, record: found };
    if (reply.value !== token) return { kind: "held", record: found };
    return { kind: "taken", lease: this.#leaseOf(key, leaseKey, token), record: found };
  }

  async #takeOver(key: RecordKey, word: LeaseWord): Promise<Lease | undefined> {
    const [value, leaseKey] = [this.#settings.randomText(), await key.digest()];
    const ask = { key: leaseKey, expected: word, value, ms: leaseMs };
    const reply = await this.#ofLease(key, "replace", ask);
    return reply?.isReplaced === true ? this.#leaseOf(key, leaseKey, value) : undefined;
  }

  #leaseOf(key: RecordKey, leaseKey: string, token: string): Lease {
    const replace = async (value: string, ms: number) => {
      await this.#ofLease(key, "replace", { key: leaseKey, expected: token, value, ms });
    };
    return {
      renew: () => replace(token, leaseMs),
      release: (word) => (word === undefined ? replace("", 0) : replace(word, wordMs[word])),
    };
  }

  /** Returns the reply; `undefined` if the object does not answer in time, or is shut off. */
  async #ofLease<Call extends "lease" | "replace">(
    key: RecordKey,
    call: Call,
    ask: RecordCalls[Call][0],
  ): Promise<RecordCalls[Call][1] | undefined> {
    if (this.isShutOff) return undefined;
    try {
      const send = () => this.#send(key, "lease", call, ask);
      return (await this.#calls.answered(send, readMsMax)).reply;
    } catch {
      return undefined;
    }
  }

  async #send<Call extends RecordCall>(
    key: RecordKey,
    purpose: RedisPurpose,
    call: Call,
    ask: RecordCalls[Call][0],
    blob?: Blob,
  ) {
    const stub = await this.#settings.spread.of(key);
    const { metrics } = this.#settings;
    const asked = await framed(ask, blob);
    const counting = { purpose, metrics };
    const response = await answerOf(stub, `https://records/${call}`, asked, counting);
    const { message, body } = unframed(await response.arrayBuffer());
    return { reply: message as RecordCalls[Call][1], body };
  }
}
