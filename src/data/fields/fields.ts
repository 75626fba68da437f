// Stores parts of one value as fields of a Redis hash. Fields are read, set and incremented one by one, and purged
// together (docs/purge-protocol.md, rule 26).
import { reach } from "../../config/tier-names.ts";
import { RecordKey } from "../../cache/record/record-key.ts";
import type { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import { OperatorError } from "../../base/operator-error.ts";
import type { PurgeView } from "../../purge/view/view.ts";
import { begin, type BeginPorts } from "../load/beginning.ts";
import { judge, type VerdictPorts } from "../load/verdict.ts";
import { type DataMetadata, keepUntilAtMs } from "../value/data-record.ts";
import { urlOf } from "../value/key.ts";
import { checkedTag } from "../value/load-context.ts";
import type { Place } from "../value/place.ts";
import { fieldText, fieldValue } from "./field-text.ts";
import type { FieldTexts, HashStore, HeldHash } from "./hash-store.ts";
import { headIn, headText, joined } from "./head.ts";

/** The dependencies of fields. */
export interface FieldPorts extends BeginPorts, VerdictPorts {
  readonly view: Pick<PurgeView, "judge" | "stamp" | "attend" | "seek">;
  /** `undefined` without a database, where fields are not available. */
  readonly hashes: HashStore | undefined;
  /** The last head of each key that this isolate has read or written. */
  readonly heads: BoundedMarks<string>;
  readonly isHeldBack: (place: Place) => boolean;
  readonly onBadRecord: () => void;
  readonly randomText: () => string;
}

const nowhere = () => "";

/** Attempts of a writer to apply its change when others change the head. */
const triesMax = 4;

/** @typeParam T the whole value; its members are the fields */
export class Fields<T> {
  readonly #place: Place;
  readonly #key: RecordKey;
  readonly #ports: FieldPorts;

  constructor(place: Place, ports: FieldPorts) {
    this.#place = place;
    this.#key = new RecordKey(place.key.text, place.key.host, "f");
    this.#ports = ports;
    const isThere = ports.hashes !== undefined && reach(place.space.tiers, "world");
    if (!isThere) throw noRedis(place.path);
  }

  /** Reads some fields by one command. @returns the existing ones; `undefined` if none may be used */
  async get<Name extends keyof T & string>(
    names: readonly Name[],
  ): Promise<Partial<Pick<T, Name>> | undefined> {
    return this.#read(names);
  }

  /** Reads all fields by one command. */
  async all(): Promise<Partial<T> | undefined> {
    return this.#read();
  }

  /**
   * Sets some fields and keeps the others, unless a purge covers those.
   *
   * @param fields preferably a function that reads the source: values read before this call may be older than a
   *   purge since then
   * @returns whether the fields are stored
   */
  async set(fields: Partial<T> | (() => Partial<T> | Promise<Partial<T>>)): Promise<boolean> {
    const { host } = this.#place.key;
    const { afterAnswer, nowAtMs, hashes, isHeldBack } = this.#ports;
    await this.#ports.view.attend({ atMs: nowAtMs(), host, afterAnswer })?.();
    const { stamp, colo, requestedAtMs } = await begin(host, this.#ports);
    const given = typeof fields === "function" ? await fields() : fields;
    const texts = this.#textsOf(given);
    if (texts.size === 0 || isHeldBack(this.#place)) return false;
    const provenance = { stamp, colo, requestedAtMs, respondedAtMs: nowAtMs() };
    const made = this.#metadataOf(given, provenance);
    let judged = this.#ports.heads.get(this.#key.text) ?? "";
    for (let tries = 0; tries < triesMax; tries += 1) {
      const held = this.#verifiedIn(judged);
      const metadata = held === undefined ? made : joined(held, made);
      const head = headText(metadata, this.#ports.randomText());
      const keepMs = held === undefined ? keepUntilAtMs(metadata) - nowAtMs() : undefined;
      const answer = await hashes?.set(this.#key, { judged, head, keepMs, texts });
      if (answer === undefined) return false;
      this.#ports.heads.set(this.#key.text, answer.head);
      if (answer.isSet) return true;
      judged = answer.head;
    }
    return false;
  }

  /**
   * Increments an existing whole number, at most once. Creates no field. If the reply is lost, the
   * increment may have been made.
   *
   * @returns the new number; `undefined` if it is unknown whether it was incremented, or it was not, for example
   *   beyond `Number.MAX_SAFE_INTEGER`
   * @throws OperatorError if `by` is not a whole number
   */
  async increment(name: keyof T & string, by = 1): Promise<number | undefined> {
    if (!Number.isSafeInteger(by)) throw noStep(this.#place.path);
    const { heads, hashes, isHeldBack, nowAtMs, afterAnswer } = this.#ports;
    const { host } = this.#key;
    await this.#ports.view.attend({ atMs: nowAtMs(), host, afterAnswer })?.();
    let judged = heads.get(this.#key.text) ?? "";
    for (let tries = 0; tries < triesMax && !isHeldBack(this.#place); tries += 1) {
      // Rule 26 (d): increment only under a head that was judged, so read it first.
      if (judged === "") judged = (await hashes?.read(this.#key, []))?.head ?? "";
      if (!this.#isUsable(judged)) return undefined;
      const answer = await hashes?.raise(this.#key, { judged, name, by });
      if (answer?.kind === "raised") return answer.value;
      if (answer?.kind !== "changed") return undefined;
      judged = answer.head;
      if (judged === "") return undefined;
      heads.set(this.#key.text, judged);
    }
    return undefined;
  }

  async #read(names?: readonly string[]): Promise<Partial<T> | undefined> {
    const { view, hashes, nowAtMs, afterAnswer, heads } = this.#ports;
    const { host } = this.#place.key;
    const attention = () => ({ atMs: nowAtMs(), host, afterAnswer });
    await view.attend(attention())?.();
    const held = await hashes?.read(this.#key, names);
    if (held === undefined || held.head === "") return undefined;
    heads.set(this.#key.text, held.head);
    if (this.#isUsable(held.head)) return this.#valuesIn(held);
    const stamp = headIn(held.head)?.stamp;
    if (stamp !== undefined) await view.seek(attention(), stamp);
    return this.#isUsable(held.head) ? this.#valuesIn(held) : undefined;
  }

  /** Returns `undefined` for fields that cannot be decoded. They count as not stored. */
  #valuesIn({ texts }: HeldHash): Partial<T> | undefined {
    const { codec } = this.#place.space;
    try {
      const values = [...texts].map(([name, text]) => [name, fieldValue(text, codec)]);
      return Object.fromEntries(values) as Partial<T>;
    } catch {
      this.#ports.onBadRecord();
      return undefined;
    }
  }

  #isUsable(head: string, ports: VerdictPorts = this.#ports): boolean {
    const metadata = headIn(head);
    if (metadata === undefined) return false;
    const { space } = this.#place;
    return judge(metadata, { space, atMs: this.#ports.nowAtMs(), ports }).kind === "fresh";
  }

  /** Returns the head if the view itself vouches for it (rule 26 c), so that both stamps are of one chain. */
  #verifiedIn(head: string): DataMetadata | undefined {
    const { view, maxLagMs } = this.#ports;
    return this.#isUsable(head, { view, maxLagMs, colo: nowhere }) ? headIn(head) : undefined;
  }

  #textsOf(given: Partial<T>): FieldTexts {
    const { codec } = this.#place.space;
    const entries = Object.entries(given).filter(([, value]) => value !== undefined);
    const { path } = this.#place;
    return new Map(
      entries.map(([name, value]) => [name, fieldText(value, codec, `${path}, ${name}`)]),
    );
  }

  #metadataOf(
    given: Partial<T>,
    provenance: Pick<DataMetadata, "stamp" | "colo" | "requestedAtMs" | "respondedAtMs">,
  ): DataMetadata {
    const { space, path, asked } = this.#place;
    return {
      ...provenance,
      url: urlOf(path),
      route: "",
      tags: [...new Set(space.tagsOf(given, asked).map(checkedTag))],
      fillCostMs: 0,
      bodyBytes: null,
      bodyDigest: null,
      schema: space.schema,
      codec: space.codec.name,
      isNegative: false,
      freshMs: space.freshMs,
      staleMs: 0,
    };
  }
}

function noRedis(path: string): OperatorError {
  return new OperatorError({
    what: `The fields of ${path} are not available.`,
    why: "Fields are stored in Redis, and this namespace has no Redis.",
    hint: 'Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, and add "shared" to its tiers.',
  });
}

function noStep(path: string): OperatorError {
  return new OperatorError({
    what: `The increment of a field of ${path} is refused.`,
    why: "Redis increments only by whole numbers.",
    hint: "Pass a whole number, such as 1 or -1.",
  });
}
