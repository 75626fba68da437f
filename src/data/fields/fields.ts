// Parts of one value, kept in Redis as the fields of a hash: read, set and raised one by one, and purged
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

/** What fields are kept with. */
export interface FieldPorts extends BeginPorts, VerdictPorts {
  readonly view: Pick<PurgeView, "judge" | "stamp" | "attend" | "seek">;
  /** `undefined` without a database: then there are no fields. */
  readonly hashes: HashStore | undefined;
  /** By key: the head that this isolate has judged, or written, last. */
  readonly heads: BoundedMarks<string>;
  readonly isHeldBack: (place: Place) => boolean;
  readonly onBadRecord: () => void;
  readonly randomText: () => string;
}

const nowhere = () => "";

/** How often a writer judges another's head before it gives up. */
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

  /** Some fields, by one command. @returns the fields that exist; `undefined` if none may be used */
  async get<Name extends keyof T & string>(
    names: readonly Name[],
  ): Promise<Partial<Pick<T, Name>> | undefined> {
    return this.#read(names);
  }

  /** All fields, by one command. */
  async all(): Promise<Partial<T> | undefined> {
    return this.#read();
  }

  /**
   * Sets some fields and leaves the others. If a purge covers the others, they are removed.
   *
   * @param fields best a function that reads the source: values that were read before this call may be older
   *   than a purge that came since
   * @returns whether they are kept
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
   * Raises a whole number that is there. It makes no field, and never counts twice. If its answer is lost, it
   * may have counted.
   *
   * @returns what it is from now on; `undefined` where nothing was raised, such as beyond
   *   `Number.MAX_SAFE_INTEGER`, or nobody can tell
   * @throws OperatorError where `by` is no whole number
   */
  async increment(name: keyof T & string, by = 1): Promise<number | undefined> {
    if (!Number.isSafeInteger(by)) throw noStep(this.#place.path);
    const { heads, hashes, isHeldBack, nowAtMs, afterAnswer } = this.#ports;
    const { host } = this.#key;
    await this.#ports.view.attend({ atMs: nowAtMs(), host, afterAnswer })?.();
    let judged = heads.get(this.#key.text) ?? "";
    for (let tries = 0; tries < triesMax && !isHeldBack(this.#place); tries += 1) {
      // A head that was never judged is asked for by a look at it, not by a guess.
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

  /** What cannot be decoded counts as not stored. */
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

  /** What may be joined: the view itself vouches for it, so that both stamps are of one chain. */
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
    what: `${path} has no fields.`,
    why: "They are kept in Redis, and this namespace has no Redis.",
    mend: 'Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, and have "shared" in tiers.',
  });
}

function noStep(path: string): OperatorError {
  return new OperatorError({
    what: `A field of ${path} is not raised.`,
    why: "Redis can raise a number only by whole numbers.",
    mend: "Give a whole number, such as 1 or -1.",
  });
}
