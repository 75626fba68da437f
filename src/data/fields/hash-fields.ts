// Stores parts of one value as fields of a Redis hash. Calls read, set and increment single fields,
// but a purge covers all of them (docs/internals/purge-protocol-data.md, rule 26).
import { reach } from "../../config/tier-names.ts";
import { RecordKey } from "../../cache/record/record-key.ts";
import type { BoundedMarks } from "../../base/bounded-map.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { begin } from "../load/make-record.ts";
import type { DataPorts } from "../load/data-ports.ts";
import { verifiedVerdict } from "../load/verdict.ts";
import { noteRead } from "../load/waits.ts";
import { type DataMetadata, keepUntilAtMs, dataForm } from "../value/data-record.ts";
import { urlOf } from "../value/data-key.ts";
import { checkedTag } from "../value/load-context.ts";
import type { DataPlace } from "../value/space.ts";
import type { FieldTexts, HashStore, HeldHash } from "./hash-store.ts";
import { type Codec, encodedBy } from "../../base/codec.ts";
import { type Stamp, withTags } from "../../cache/record/record.ts";
import { decodeRecord, encodeRecord } from "../../cache/tiers/record-codec.ts";
import { comparePositions } from "../../purge/journal/entry.ts";
import { noColo } from "../../purge/view/view-port.ts";

/** The dependencies of fields. */
export interface FieldPorts extends DataPorts {
  /** `undefined` without a database. Fields are not available in that case. */
  readonly hashes: HashStore | undefined;
  /** The last head of each key that this isolate has read or written. */
  readonly heads: BoundedMarks<string>;
}

/** The limit of attempts to write while other writers change the head. */
const triesMax = 4;

/**
 * The fields of one value.
 *
 * @typeParam T the whole value; its members are the fields
 */
export class Fields<T> {
  readonly #place: DataPlace;
  readonly #key: RecordKey;
  readonly #ports: FieldPorts;

  constructor(place: DataPlace, ports: FieldPorts) {
    this.#place = place;
    this.#key = new RecordKey(place.key.text, place.key.host, "f");
    this.#ports = ports;
    const isThere = ports.hashes !== undefined && reach(place.space.tiers, "world");
    if (!isThere) throw noRedis(place.path);
  }

  /**
   * Reads the named fields with one command.
   *
   * @returns the existing fields; `undefined` if none may be used
   */
  async get<Name extends keyof T & string>(
    names: readonly Name[],
  ): Promise<Partial<Pick<T, Name>> | undefined> {
    return this.#read(names);
  }

  /** Reads all fields with one command. */
  async all(): Promise<Partial<T> | undefined> {
    return this.#read();
  }

  /**
   * Sets the given fields. Keeps the other fields if they may still be used; otherwise removes
   * them.
   *
   * @param fields preferably a function that reads the source. If the source was read before this
   *   call, a purge between the read and the call does not cover the values
   * @returns whether the fields are stored; `false` also if Redis did not confirm them
   */
  async set(fields: Partial<T> | (() => Partial<T> | Promise<Partial<T>>)): Promise<boolean> {
    const { nowAtMs, hashes, holdOn } = this.#ports;
    await this.#renewed();
    const { stamp, colo, requestedAtMs } = await begin(this.#key.host, this.#ports);
    const given = typeof fields === "function" ? await fields() : fields;
    const texts = this.#textsOf(given);
    if (texts.size === 0) return false;
    const provenance = { stamp, colo, requestedAtMs, respondedAtMs: nowAtMs() };
    const made = this.#metadataOf(given, provenance);
    let judged = this.#ports.heads.get(this.#key.text) ?? "";
    for (let tries = 0; tries < triesMax; tries += 1) {
      // Without a colo, only the view verifies the head (rule 26 c).
      const ports = { ...this.#ports, colo: noColo };
      const current = await this.#usableIn(judged, made.tags, ports);
      // The wait may have brought a purge or a hold.
      if (this.#isCovered(made) || holdOn(this.#place) !== undefined) return false;
      const metadata = current === undefined ? made : joined(current, made);
      const head = headText(metadata, this.#ports.randomText());
      const keepMs = current === undefined ? keepUntilAtMs(metadata) - nowAtMs() : undefined;
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
   * number may have been incremented.
   *
   * @returns the new number; `undefined` if the number was not incremented, for example beyond
   *   `Number.MAX_SAFE_INTEGER`, or if the result is unknown
   * @throws OperatorError if `by` is not a whole number
   */
  async increment(name: keyof T & string, by = 1): Promise<number | undefined> {
    if (!Number.isSafeInteger(by)) throw noStep(this.#place.path);
    const { heads, hashes, holdOn } = this.#ports;
    await this.#renewed();
    let judged = heads.get(this.#key.text) ?? "";
    for (let tries = 0; tries < triesMax; tries += 1) {
      // Rule 26 (d): an increment needs a judged head, so read the head first.
      if (judged === "") judged = (await hashes?.read(this.#key, []))?.head ?? "";
      const current = await this.#usableIn(judged, this.#tagsFor({}));
      if (current === undefined || holdOn(this.#place) !== undefined) return undefined;
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
    const { hashes, heads } = this.#ports;
    await this.#renewed();
    const hash = await hashes?.read(this.#key, names);
    const head = hash?.head ?? "";
    if (head !== "") heads.set(this.#key.text, head);
    const values = head === "" ? undefined : hash && this.#valuesIn(hash);
    const metadata = values && (await this.#usableIn(head, this.#tagsFor(values)));
    noteRead(this.#place, metadata && { metadata, isStale: false }, this.#ports);
    return metadata && values;
  }

  /** Returns the present tags of these fields; none if the function of the namespace fails for a part of the value. */
  #tagsFor(fields: Partial<T>): readonly string[] {
    try {
      return this.#tagsOf(fields);
    } catch {
      return [];
    }
  }

  #tagsOf(fields: Partial<T>): readonly string[] {
    const { space, appKey: key } = this.#place;
    return [...new Set(space.tagsOf(fields, key).map(checkedTag))];
  }

  /** Renews the view if due. Settles once the view suffices. */
  #renewed(): Promise<void> | undefined {
    const { view, nowAtMs, afterAnswer } = this.#ports;
    return view.renewIfDue({ atMs: nowAtMs(), host: this.#key.host, afterAnswer })?.();
  }

  /**
   * Decodes fields. Returns `undefined` if that fails. The fields are then treated as not stored.
   */
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

  /**
   * Decodes a head if it may be used, after a wait for a newer view or epochs if needed (rule 6).
   *
   * @param tags the present tags of the fields
   */
  async #usableIn(
    head: string,
    tags: readonly string[],
    ports: DataPorts = this.#ports,
  ): Promise<DataMetadata | undefined> {
    const stored = headIn(head);
    if (stored === undefined) return undefined;
    const metadata = withTags(stored, tags);
    const { kind } = await verifiedVerdict(metadata, this.#place, ports);
    return kind === "fresh" ? metadata : undefined;
  }

  /**
   * Returns whether a known purge covers new fields. Isolates that have not read that purge would
   * use these fields together with newer fields.
   */
  #isCovered(made: DataMetadata): boolean {
    const { view, maxLagMs, colo, nowAtMs } = this.#ports;
    const judged = view.judge(made, { atMs: nowAtMs(), maxLagMs, colo });
    if (judged.kind === "unverified") return judged.covering !== undefined;
    return judged.kind === "purged";
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
    const { space, path } = this.#place;
    return {
      ...provenance,
      url: urlOf(path),
      route: "",
      tags: this.#tagsOf(given),
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
    hint: 'Pass stores: upstash(), and set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN. On Node, set `redis` to a connection. Add "shared" to its tiers.',
  });
}

function noStep(path: string): OperatorError {
  return new OperatorError({
    what: `The increment of a field of ${path} is invalid.`,
    why: "Redis increments only by whole numbers.",
    hint: "Pass a whole number, such as 1 or -1.",
  });
}

const wholeNumber = /^-?\d+$/;

/**
 * Encodes a field.
 *
 * @param place the field, for an error
 * @throws OperatorError if the codec cannot encode the value
 */
function fieldText(value: unknown, codec: Codec, place: string): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  return `=${encodedBy(codec, value, place)}`;
}

/**
 * Decodes a field.
 *
 * @throws the error of the codec
 */
export function fieldValue(text: string, codec: Codec): unknown {
  return wholeNumber.test(text) ? Number(text) : codec.decode(text.slice(1));
}

/**
 * Encodes a head.
 *
 * @param id random, so that every write changes the head
 */
export function headText(metadata: DataMetadata, id: string): string {
  return `${id} ${encodeRecord({ kind: "response", metadata }, keepUntilAtMs(metadata), dataForm)}`;
}

/** Decodes a head. Returns `undefined` if the text is not a head of this version. */
export function headIn(text: string): DataMetadata | undefined {
  const record = decodeRecord(text.slice(text.indexOf(" ") + 1), dataForm)?.record;
  return record?.kind === "response" ? record.metadata : undefined;
}

/**
 * Merges the head of the kept fields with that of new fields. A purge that covers either head also
 * covers the merged head.
 */
export function joined(stored: DataMetadata, made: DataMetadata): DataMetadata {
  return {
    ...made,
    stamp: olderOf(stored.stamp, made.stamp),
    colo: stored.colo === made.colo ? made.colo : "",
    requestedAtMs: Math.min(stored.requestedAtMs, made.requestedAtMs),
    respondedAtMs: Math.min(stored.respondedAtMs, made.respondedAtMs),
    freshMs: Math.min(stored.freshMs, made.freshMs),
    tags: [...new Set([...stored.tags, ...made.tags])],
  };
}

/** Returns the older stamp. Both stamps must be of one chain. */
function olderOf(one: Stamp, other: Stamp): Stamp {
  if (one === "none" || other === "none") return "none";
  return comparePositions(one.position, other.position) <= 0 ? one : other;
}
