// Models the journal's Lua scripts over a stream in this process.
import { jsonIn } from "../../src/base/json-text.ts";
import { decodeEntry } from "../../src/purge/journal/entry.ts";
import {
  epochIn,
  epochOf,
  epochSize,
  firstEpochs,
  shortNames,
} from "../../src/purge/journal/epoch.ts";
import { namesOf } from "../../src/purge/journal/target-names.ts";
import {
  catchUpScript,
  checkScript,
  newestScript,
} from "../../src/stores/redis/journal/journal-pages.ts";
import { pageCount, replyBytesMax } from "../../src/purge/journal/journal.ts";
import {
  appendScript,
  epochFields,
  journalKeys,
  markScript,
  proofLua,
} from "../../src/stores/redis/journal/journal-scripts.ts";
import { numberedAfter } from "../../src/stores/redis/journal/joined-appends.ts";
import { scriptHeadCharsMax } from "../../src/stores/redis/journal/record-scripts.ts";
import { postScript } from "../../src/stores/redis/journal/redis-switch.ts";
import { standingScript } from "../../src/stores/redis/journal/standing-script.ts";
import { unlessNewerArgs } from "../../src/stores/redis/write-unless-newer.ts";

/** Returns the proof of each entry. KEYS: the first two of `journalKeys`. ARGV: the `n` of each. */
export const proofScript = `${proofLua}
local found = {}
for at, n in ipairs(ARGV) do found[at] = proofOf(n) end
return found`;

/** The names and values of an entry, alternating. */
type Fields = readonly string[];

/** The stream, the switch's key and the lineages of one server. */
export interface ScriptedJournal {
  readonly count: number;
  /** The text in the switch's key; empty if absent. */
  readonly held: string;
  /** The entries whose lineages are kept, oldest first. Each append adds to them. */
  readonly lined: readonly Fields[];
  /** Entries with lower numbers are unproven if their lineages are not kept. */
  readonly unprovenBelow: number;
  /** The text in the key of the release. Absent in a world without releases. */
  readonly released?: string | null;
  keepRelease?(text: string): void;
  /**
   * Keeps the lineages of the oldest entries alone.
   *
   * @param count 0 to begin anew
   * @param unprovenBelow used if the lineages begin anew
   */
  keepLined(count: number, unprovenBelow: number): void;
  /** The last entry; `undefined` if the stream is empty. */
  readonly last: Fields | undefined;
  /**
   * @param heldText returns the new text of the switch's key, by the entry's ID
   * @returns the ID of the entry
   */
  append(fields: Fields, kept: number, heldText?: (id: string) => string): string;
  /**
   * Stores a record, unless `n` among its arguments is not that of the journal's last entry.
   *
   * @param args `unlessNewerArgs`
   * @param last the `n` of that entry, before the script
   */
  store?(key: string, args: readonly string[], last: string): unknown;
  /** Returns the text of a stored record; empty or `undefined` if there is none. */
  recordAt?(key: string): string | undefined;
  /** Returns fields of the hash of lineages. Default: those of `lined`. */
  epochs?(fields: readonly string[]): readonly (string | null)[];
  /** Returns entries as XRANGE does. */
  since(position: string, count: number): unknown;
  /** Returns entries as XREVRANGE does. */
  newest(count: number): unknown;
}

/** Returns whether the script is one of the journal's. */
export function isJournalScript(script: string): boolean {
  const writing = [appendScript, markScript, postScript];
  const reading = [newestScript, catchUpScript, checkScript, proofScript, standingScript];
  return [...writing, ...reading].includes(script);
}

/** Runs one of the journal's scripts. Returns its reply. */
export function runJournalScript(
  script: string,
  args: readonly string[],
  journal: ScriptedJournal,
  keys: readonly string[] = [],
): unknown {
  if (script === newestScript) return beginningOf(journal);
  if (script === checkScript) return [proofOf(args[0] ?? "", journal), ...beginningOf(journal)];
  if (script === catchUpScript) {
    const entries = journal.since(args[0] ?? "", Infinity) as (readonly [string, Fields])[];
    const chars = entries.reduce((sum, [, fields]) => sum + fields.join("").length, 0);
    return chars > replyBytesMax ? [] : entries;
  }
  if (script === proofScript) return args.map((n) => proofOf(n, journal));
  if (script === standingScript) return standingOf(args, journal);
  const taken = [...args];
  const next = () => taken.shift() ?? "";
  const [kept] = [Number(next()), next(), next(), next()];
  const append = (heldText?: (id: string, n: string) => string) => {
    const [own, texts, , tells] = JSON.parse(next()) as [string, string[], string[], string];
    const before = nOf(journal.last);
    const n = numberedAfter(before, [own]);
    const linedCount = journal.lined.findLastIndex((fields) => nOf(fields) === before) + 1;
    journal.keepLined(before === "" ? 0 : linedCount, numberIn(n));
    const fields = ["n", n, ...texts];
    const id = journal.append(fields, kept, heldText && ((at) => heldText(at, n)));
    if (tells === "release") journal.keepRelease?.(JSON.stringify([id, fields]));
    return [id, n];
  };
  if (script === appendScript) {
    const [since, count, expected] = [next(), Number(next()), next()];
    const newest = nOf(journal.last);
    const isAtEnd = expected !== "" && newest === expected;
    const page = isAtEnd ? journal.newest(1) : since === "" ? [] : journal.since(since, count);
    const recordKeys = keys.slice(journalKeys("").length);
    const stored = ([id = "", n = ""]: readonly string[], record: readonly string[]) => {
      const [options = "", before = "", after = "", key = ""] = record;
      const [px = "", xx = ""] = JSON.parse(options) as string[];
      const write = { text: `${before}${id}","${n}${after}`, keepMs: Number(px), xx };
      return journal.store?.(key, unlessNewerArgs({ ...write, n: expected, newer: [] }), newest);
    };
    const places = Array.from({ length: Number(next()) }, () => {
      const record =
        taken[1] === "" ? undefined : [...taken.splice(1, 3), recordKeys.shift() ?? ""];
      if (record !== undefined && lacksTags(record, journal))
        return [taken.shift() && "older-tags"];
      const place = append();
      if (record !== undefined) return [...place, stored(place, record)];
      next();
      return place;
    });
    return [places, page];
  }
  if (script === markScript) {
    const [on, count] = [next(), Number(next())];
    if (on !== "empty" || journal.count === 0) append();
    return [journal.newest(count), ...keptOf(journal)];
  }
  const [replaces, post, bypass] = [next(), next(), next()];
  const { held } = journal;
  if ((held.split(" ")[0] ?? "") !== replaces) return ["overtaken", held];
  return ["posted", ...append((id, n) => [post, id, n, bypass].join(" "))];
}

/** Returns whether the record in Redis has a tag that the new one lacks, if the isolate has not read its tags. */
function lacksTags(
  [options = "", before = "", after = "", key = ""]: readonly string[],
  journal: ScriptedJournal,
): boolean {
  const [, , keepsTags] = JSON.parse(options) as unknown[];
  const headIn = (text: string) => jsonIn(text.split("\n", 1)[0]) as { t?: string[] } | undefined;
  const held = journal.recordAt?.(key) ?? "";
  if (keepsTags !== true || held === "") return false;
  const headText = held.slice(0, scriptHeadCharsMax);
  const head = headIn(headText);
  if (head === undefined) return !headText.includes("\n") || headText.includes('"t":');
  const own = headIn(before + after)?.t;
  return head.t?.some((tag) => own?.includes(tag) !== true) === true;
}

/** Returns the newest page, what trimming never removes, and epochs if there are more entries. */
function beginningOf(journal: ScriptedJournal): unknown[] {
  const page = journal.newest(pageCount);
  const last = epochOf(numberIn(nOf(journal.last)));
  const first = Math.max(0, last - firstEpochs + 1);
  const fields = Array.from({ length: last - first + 1 }, (_, at) =>
    epochFields(first + at),
  ).flat();
  const hasMore = journal.count >= pageCount && last >= 0;
  if (!hasMore) return [page, ...keptOf(journal), [-1]];
  const texts = journal.epochs?.(fields) ?? epochTexts(fields, journal.lined);
  return [page, ...keptOf(journal), [first, ...texts]];
}

function keptOf({ held, released }: ScriptedJournal): unknown[] {
  return [held || null, released ?? null];
}

const namesByFields = new WeakMap<Fields, string>();

function namesIn(fields: Fields): string {
  const names =
    namesByFields.get(fields) ?? shortNames(namesOf(decodeEntry("0-0", fields).targets));
  namesByFields.set(fields, names);
  return names;
}

/** @param args the position and the `n` of each place */
function standingOf(args: readonly string[], journal: ScriptedJournal): unknown {
  const places = args.flatMap((position, at) => (at % 2 === 0 ? [[position, args[at + 1]]] : []));
  const states = places.map(([position = "", n = ""]) => {
    const [item] = journal.since(position, 1) as (readonly [string, Fields])[];
    return item?.[0] === position && nOf(item[1]) === n ? 3 : proofOf(n, journal);
  });
  return [states, journal.count, journal.since("-", 1)];
}

/** Returns 0 if the entry never existed or is unproven, 1 if its lineage is kept, 2 if dropped. */
function proofOf(n: string, { lined, last, unprovenBelow }: ScriptedJournal): number {
  const number = numberIn(n);
  const isCurrent =
    last !== undefined && lined.findLast((fields) => nOf(fields) === nOf(last)) !== undefined;
  if (!isCurrent || number === 0 || number > numberIn(nOf(last))) return 0;
  const from = numberIn(nOf(lined[0]));
  if (number < from) return number < unprovenBelow ? 0 : 2;
  return lineageIn(nOf(lined[number - from])) === lineageIn(n) ? 1 : 0;
}

/**
 * Returns fields of the hash of lineages (`epochFields`), as HMGET does.
 *
 * @param lined the entries whose lineages are kept
 */
export function epochTexts(fields: readonly string[], lined: readonly Fields[]): (string | null)[] {
  const from = numberIn(nOf(lined[0]));
  return fields.map((field) => {
    const epoch = Number(field.replace("n", ""));
    const before = Math.max(0, from - epoch * epochSize - 1);
    const at = Math.max(0, epoch * epochSize + 1 - from);
    const own = before >= epochSize ? [] : lined.slice(at, at + epochSize - before);
    if (own.length === 0 || epochOf(from) > epoch) return null;
    const { lineages, names } = epochIn(own.map((one) => ({ n: nOf(one), names: namesIn(one) })));
    if (!field.startsWith("n")) return "0".repeat(8 * before) + lineages;
    return `${names.slice(0, 8)}${"?,".repeat(before)}${names.slice(8)}`;
  });
}

/** Returns the number in an `n`; 0 if it has none. */
export function numberIn(n: string): number {
  return Number(/\.(\d+)\.\d+$/.exec(n)?.[1] ?? 0);
}

const lineageIn = (n: string) => /\.\d+\.\d+$/.exec(n)?.[0];

/** Returns the `n` of an entry. */
export function nOf(fields: Fields | undefined): string {
  return fields?.[fields.findIndex((text, at) => at % 2 === 0 && text === "n") + 1] ?? "";
}
