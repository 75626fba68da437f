// Encodes records as short, versioned text, and validates records when they are read. Plain checks
// decode two to three times as fast as schemas, and need no work when a Worker starts.
import { unknownValue } from "../../rules/selecting.ts";
import { asLoaded, type MetadataWith, type RecordMetadata, type Stamp } from "../record/record.ts";
import type { Check, CheckedRecord, Member, RecordForm } from "./record-form.ts";
import type { RecordHead, TierKeep, TierRecord, VaryMarker } from "./tier.ts";

/**
 * The version of the format, which every incompatible change increments. A record of another
 * version is a miss.
 */
export const version = 6;

/** The version of a record whose body is in another store, so that it is a miss without that store. */
export const versionApart = `${version}-apart`;

/** The version of a head whose body a holder has, so that it is a miss for a version without holders. */
const versionHeldApart = `${version}-slices`;

/**
 * The members of metadata: for each, its name in the text, the check of its value there, and the
 * value that is left out. A member without the latter is required; with `undefined`, it is optional.
 */
export type Members<Metadata> = {
  readonly [Name in keyof Metadata]-?:
    | readonly [inText: string, isValid: Check]
    | readonly [string, Check, Metadata[Name] | undefined];
};

export const isText: Check = (value) => typeof value === "string";
/** Rejects infinite numbers, which JSON can express as `1e999`. */
export const isNumber: Check = (value) => Number.isFinite(value);
export const isFlag: Check = (value) => typeof value === "boolean";
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const isTextOrNull: Check = (value) => value === null || isText(value);
/** Accepts names for which `Headers` does not throw (RFC 9110 §5.1), in lower case. */
export const isFieldName: Check = (value) =>
  isText(value) && /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(value as string);

export function listOf(isValid: Check): Check {
  return (value) => Array.isArray(value) && value.every((each) => isValid(each));
}

export function pairOf(isFirst: Check, isSecond: Check): Check {
  return (value) =>
    Array.isArray(value) && value.length === 2 && isFirst(value[0]) && isSecond(value[1]);
}

/**
 * The metadata of every record. In text, a stamp is a list of its members, and `respondedAtMs` is the
 * time since the request. `fillCostMs` is left out if it is that time. `selecting` has only names,
 * because the values may be secrets of a client. `k` is the expiry, as a time since the response.
 */
const membersOfAll: Members<RecordMetadata> = {
  url: ["u", isText],
  route: ["r", isText, ""],
  tags: ["t", listOf(isText), []],
  groups: ["g", listOf(isText), undefined],
  release: ["e", isText, undefined],
  stamp: ["s", pairOf(isText, isText), "none"],
  loadStamp: ["l", pairOf(isText, isText), undefined],
  colo: ["c", isText, ""],
  requestedAtMs: ["q", isNumber],
  respondedAtMs: ["a", isNumber],
  bodyRequestedAtMs: ["o", isNumber, undefined],
  fillCostMs: ["f", isNumber, undefined],
  bodyBytes: ["b", (value) => value === null || isCount(value)],
  bodyDigest: ["d", isTextOrNull],
  selecting: ["V", listOf(isFieldName), undefined],
  awaitsSecondAsk: ["w", isFlag, undefined],
};

/** Lists the members of a record with this detail, whose names in the text are not those of every record. */
export function membersWith<Detail>(detail: Members<Detail>): readonly Member[] {
  const members: Members<object> = { ...membersOfAll, ...detail };
  return Object.entries(members).map(([name, member]) => {
    const [inText, isValid, leftOut] = member as readonly [string, Check, unknown];
    const isRequired = (member as readonly unknown[]).length === 2;
    return { name, inText, isValid, isRequired, leftOut };
  });
}

export function headOf<Detail>(record: TierRecord<Detail>): RecordHead<Detail> {
  return record.kind === "vary" ? record : { kind: "response", metadata: record.stored.metadata };
}

/**
 * Returns the head of a record that the tier of all colos compares with the stored one, by the stamps of their loads
 * (rule 28 c): a verification may replace the record's stamp at any time, also during the write (rule 27 b).
 */
export function comparedHeadOf<Detail>(
  record: TierRecord<Detail>,
  { unlessNewer }: Pick<TierKeep, "unlessNewer">,
): RecordHead<Detail> {
  const head = headOf(record);
  if (head.kind === "vary" || unlessNewer === undefined) return head;
  return { kind: "response", metadata: asLoaded(head.metadata) };
}

type StampInText = "none" | readonly [position: string, n: string];

/** The values of members in text, where they differ from those of metadata. */
interface InText extends Record<string, unknown> {
  stamp: StampInText;
  loadStamp?: StampInText | undefined;
  requestedAtMs: number;
  respondedAtMs: number;
  fillCostMs?: number | undefined;
  selecting?: readonly string[] | undefined;
}

/** The characters of a key's digest that a record has, in hex. They detect a record under another key. */
const markChars = 6;

/**
 * Returns ASCII-only JSON, which can also be a header field.
 *
 * @param digest the digest of the key; `undefined` if any key may lead to the record
 */
export function encodeRecord<Detail>(
  record: RecordHead<Detail>,
  keepUntilAtMs: number,
  form: RecordForm<Detail>,
  digest?: string,
): string {
  const object = {
    ...(record.kind === "vary"
      ? { v: version, ...record, k: keepUntilAtMs }
      : textOf(record.metadata, keepUntilAtMs, form)),
    n: digest?.slice(0, markChars),
  };
  return JSON.stringify(object).replaceAll(/[\u007f-\uffff]+/g, escaped);
}

/** Two digits for each octet. */
const hexadecimal = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** Escapes a run at once, because a call for each character takes most of an origin request's time. */
function escaped(run: string): string {
  let text = "";
  for (let at = 0; at < run.length; at += 1) {
    const unit = run.charCodeAt(at);
    text += `\\u${hexadecimal[unit >> 8]}${hexadecimal[unit & 0xff]}`;
  }
  return text;
}

function textOf<Detail>(
  metadata: MetadataWith<Detail>,
  keepUntilAtMs: number,
  { members, keepMs }: RecordForm<Detail>,
): object {
  const { stamp, loadStamp, requestedAtMs, respondedAtMs, fillCostMs, selecting } = metadata;
  const tookMs = respondedAtMs - requestedAtMs;
  const values: InText = {
    ...(metadata as RecordMetadata),
    stamp: stampInText(stamp),
    loadStamp: loadStamp && stampInText(loadStamp),
    respondedAtMs: tookMs,
    fillCostMs: fillCostMs === tookMs ? undefined : fillCostMs,
    selecting: selecting?.map(([name]) => name),
  };
  const versionOfWhole = values["heldApart"] === undefined ? version : versionHeldApart;
  const text: Record<string, unknown> = {
    v: values["apart"] === undefined ? versionOfWhole : versionApart,
  };
  const keptMs = keepUntilAtMs - respondedAtMs;
  if (keptMs !== keepMs?.(metadata)) text["k"] = keptMs;
  for (const { name, inText, leftOut } of members) {
    const value = values[name];
    const isLeftOut = value === leftOut || (isEmpty(value) && isEmpty(leftOut));
    if (!isLeftOut) text[inText] = value;
  }
  return text;
}

function stampInText(stamp: Stamp): StampInText {
  return stamp === "none" ? stamp : [stamp.position, stamp.n];
}

function stampIn(text: StampInText): Stamp {
  return text === "none" ? text : { position: text[0], n: text[1] };
}

const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;

/**
 * Returns the record; `undefined` for text of another version or form, and for a record that a store has put
 * under another key. Never throws.
 *
 * @param digest the digest of the key; `undefined` for any
 */
export function decodeRecord<Detail>(
  text: string,
  form: RecordForm<Detail>,
  digest?: string,
): CheckedRecord<Detail> | undefined {
  try {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    const checked = parsed["kind"] === "vary" ? markerIn(parsed) : responseIn(parsed, form);
    const decoded = checked && { ...checked, mark: parsed["n"] };
    return decoded && isOfKey(decoded, digest) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether a record was stored under the key with this digest. A record without a mark may have any key. */
export function isOfKey({ mark }: CheckedRecord<unknown>, digest: string | undefined): boolean {
  return mark === undefined || digest === undefined || mark === digest.slice(0, markChars);
}

const isDigest: Check = (value) => isText(value) && /^[\da-f]{64}$/.test(value as string);
const areVariants = listOf(pairOf(isDigest, isNumber));

function markerIn(text: Record<string, unknown>): CheckedRecord<never> | undefined {
  const { names, sinceAtMs, variants, listedSinceAtMs } = text as unknown as VaryMarker;
  const areTimes = [text["k"], sinceAtMs, listedSinceAtMs].every(isNumber);
  if (text["v"] !== version || !areTimes) return undefined;
  if (!listOf(isFieldName)(names) || !areVariants(variants)) return undefined;
  const record = { kind: "vary", names, sinceAtMs, variants, listedSinceAtMs } as const;
  return { record, keepUntilAtMs: text["k"] as number };
}

const blanks = new WeakMap<readonly Member[], InText>();

/**
 * Returns an object with all members. V8 makes an object that gets many members one after the other slow and large,
 * but no copy of one from JSON.
 */
function blankOf(members: readonly Member[]): InText {
  let blank = blanks.get(members);
  if (blank === undefined) {
    blank = JSON.parse(`{${members.map(({ name }) => `"${name}":0`).join()}}`) as InText;
    blanks.set(members, blank);
  }
  return blank;
}

/** Takes only known members, so that no text can change a prototype. */
function responseIn<Detail>(
  text: Record<string, unknown>,
  { members, keepMs, isUsable }: RecordForm<Detail>,
): CheckedRecord<Detail> | undefined {
  const isApart = text["v"] === versionApart;
  const isHeldApart = text["v"] === versionHeldApart;
  if (!isApart && !isHeldApart && text["v"] !== version) return undefined;
  const values = { ...blankOf(members) };
  for (const { name, inText, isValid, isRequired, leftOut } of members) {
    const value = text[inText];
    if (value === undefined) {
      if (isRequired) return undefined;
      values[name] = leftOut;
    } else if (isValid(value)) values[name] = value;
    else return undefined;
  }
  const { apart, heldApart } = values;
  if (isApart !== (apart !== undefined) || isHeldApart !== (heldApart !== undefined))
    return undefined;
  const { stamp, loadStamp, requestedAtMs, respondedAtMs: tookMs, selecting } = values;
  values.respondedAtMs = requestedAtMs + tookMs;
  values.fillCostMs ??= tookMs;
  const converted: Record<string, unknown> = values;
  converted["stamp"] = stampIn(stamp);
  if (loadStamp) converted["loadStamp"] = stampIn(loadStamp);
  if (selecting) converted["selecting"] = selecting.map((name) => [name, unknownValue]);
  const metadata = values as unknown as MetadataWith<Detail>;
  const { k = keepMs?.(metadata) } = text;
  const keepUntilAtMs = values.respondedAtMs + (k as number);
  const isValid = isNumber(k) && isNumber(keepUntilAtMs) && isUsable?.(metadata) !== false;
  return isValid ? { record: { kind: "response", metadata }, keepUntilAtMs } : undefined;
}

/** The members that a validation changes: times, the stamps, the colo, and fields. */
const renewedMembers = new Set(["q", "a", "o", "f", "k", "s", "l", "c", "H"]);

/**
 * Returns whether two heads of one body differ only as before and after a validation. The names that
 * purges find are equal, so the older head may answer for the newer one. Never throws.
 */
export function isRenewal(text: string, older: string): boolean {
  const rest = (head: Record<string, unknown>) =>
    JSON.stringify(Object.entries(head).filter(([name]) => !renewedMembers.has(name)));
  try {
    const [head, before] = [JSON.parse(text), JSON.parse(older)];
    return typeof head.d === "string" && rest(head) === rest(before);
  } catch {
    return false;
  }
}

/**
 * Returns what any encoded response says about its source and its body. Returns `undefined` for a
 * response without a stamp, and for other text. Never throws.
 */
export function provenanceIn(text: string) {
  try {
    const { s, q, a, d } = JSON.parse(text);
    const [position] = s;
    const respondedAtMs: number = q + a;
    if (typeof position !== "string" || !isNumber(respondedAtMs)) return undefined;
    return { position, respondedAtMs, bodyDigest: d as unknown };
  } catch {
    return undefined;
  }
}
