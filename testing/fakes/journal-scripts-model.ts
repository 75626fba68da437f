// Models the journal's Lua scripts over a stream in this process.
import { namesOf } from "../../src/purge/journal/book.ts";
import { decodeEntry } from "../../src/purge/journal/entry.ts";
import {
  appendScript,
  bookScript,
  markScript,
  postScript,
} from "../../src/stores/redis/journal/journal-scripts.ts";

/** The names and values of an entry, alternating. */
type Fields = readonly string[];

/** The stream, the switch's key and the book of one server. */
export interface ScriptedJournal {
  readonly count: number;
  /** The text in the switch's key; empty if absent. */
  readonly held: string;
  /** The entries that the book and the older book note, oldest first. Each append adds to them. */
  readonly noted: readonly Fields[];
  /** The text in the key of the release. Absent in a world without releases. */
  readonly released?: string | null;
  keepRelease?(text: string): void;
  /** Deletes both books. */
  forgetNoted(): void;
  /** The last entry; `undefined` if the stream is empty. */
  readonly last: Fields | undefined;
  /**
   * @param heldText returns the new text of the switch's key, by the entry's ID
   * @returns the ID of the entry
   */
  append(fields: Fields, kept: number, heldText?: (id: string) => string): string;
  /** Returns entries as XRANGE does. */
  since(position: string, count: number): unknown;
  /** Returns entries as XREVRANGE does. */
  newest(count: number): unknown;
}

/** Returns whether the script is one of the journal's. */
export function isJournalScript(script: string): boolean {
  return [appendScript, markScript, postScript, bookScript].includes(script);
}

/** Runs one of the journal's scripts. Returns its reply. */
export function runJournalScript(
  script: string,
  args: readonly string[],
  journal: ScriptedJournal,
): unknown {
  if (script === bookScript) return answersOf(args, journal);
  const taken = [...args];
  const next = () => taken.shift() ?? "";
  const list = () => taken.splice(0, Number(next()));
  const kept = Number(next());
  next();
  const append = (heldText?: (id: string, n: string) => string) => {
    const before = nOf(journal.last);
    if (before !== nOf(journal.noted.at(-1))) journal.forgetNoted();
    const n = numbered(before, next());
    const fields = ["n", n, ...list()];
    list();
    const tells = next() === "release";
    const id = journal.append(fields, kept, heldText && ((at) => heldText(at, n)));
    if (tells) journal.keepRelease?.(JSON.stringify([id, fields]));
    return [id, n];
  };
  if (script === appendScript) {
    const [since, count] = [next(), Number(next())];
    const places = Array.from({ length: Number(next()) }, () => append());
    return since === "" ? [places] : [places, journal.since(since, count)];
  }
  if (script === markScript) {
    const [on, count] = [next(), Number(next())];
    if (on !== "empty" || journal.count === 0) append();
    return [journal.newest(count), journal.held || null, journal.released ?? null];
  }
  const [replaces, post, bypass] = [next(), next(), next()];
  const { held } = journal;
  if ((held.split(" ")[0] ?? "") !== replaces) return ["overtaken", held];
  return ["posted", ...append((id, n) => [post, id, n, bypass].join(" "))];
}

function answersOf(
  [end = "", ...asked]: readonly string[],
  { noted, last }: ScriptedJournal,
): number[] {
  const at = new Map(noted.map((fields, index) => [nOf(fields), index]));
  const isCurrent = nOf(last) === nOf(noted.at(-1));
  if (!isCurrent || (end !== "" && !at.has(end))) return [];
  const answers: number[] = [];
  while (asked.length > 0) {
    const since = at.get(asked.shift() ?? "");
    const names = asked.splice(0, Number(asked.shift()));
    const isCovered = (fields: Fields) =>
      namesOf(decodeEntry("0-0", fields).targets).some((name) => names.includes(name));
    const isUnpurged = since !== undefined && !noted.slice(since + 1).some(isCovered);
    answers.push(isUnpurged ? 1 : 0);
  }
  return answers;
}

/** Returns the `n` of an entry. */
export function nOf(fields: Fields | undefined): string {
  return fields?.[fields.findIndex((text, at) => at % 2 === 0 && text === "n") + 1] ?? "";
}

/** Returns an `n` with the number of the entry, and the number of all entries up to it. */
export function numbered(before: string, n: string): string {
  const [, number = "0", line = "0"] = /\.(\d+)\.(\d+)$/.exec(before) ?? [];
  let sum = Number(line);
  for (const byte of new TextEncoder().encode(n)) sum = (sum * 31 + byte) % 2_147_483_647;
  return [n, Number(number) + 1, sum].join(".");
}
