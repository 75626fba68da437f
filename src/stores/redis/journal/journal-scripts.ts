// The Lua scripts that append entries to the journal and note them in its book, and the script that
// reads the book (docs/purge-protocol.md, rule 27), with their arguments and replies.
import { listIn } from "../../../base/json-text.ts";
import { type PurgeTargets, releasedBy } from "../../../purge/journal/purge-target.ts";
import { bookQuery, namesOf } from "../../../purge/journal/book.ts";
import type { EntryPlace } from "../../../purge/journal/entry.ts";
import type { Journal } from "../../../purge/journal/journal.ts";
import { switchKey } from "./switch-key.ts";

/**
 * The maximum number of fields in a book, of at most 80 bytes each. A full book becomes the older
 * book.
 */
export const bookFieldsMax = 131_072;

/**
 * Returns the keys of the scripts: the journal, its book, the older book, the switch, and the newest
 * entry that told a release.
 */
export function journalKeys(namespace: string) {
  const journal = `${namespace}:journal`;
  const book = [`${journal}:names`, `${journal}:older`] as const;
  return [journal, ...book, switchKey(namespace), `${journal}:released`] as const;
}

/** Defines `last`, which returns the `n` of a journal's last entry; empty for an empty journal. */
export const lastLua = `
local function last(journal)
  local newest = redis.call("XREVRANGE", journal, "+", "-", "COUNT", 1)[1]
  local fields = newest and newest[2] or {}
  for at = 1, #fields, 2 do
    if fields[at] == "n" then return fields[at + 1] end
  end
  return ""
end`;

/**
 * Defines `taken`, which returns the next argument, and `append`, which appends an entry
 * (`entryArgs`) and notes it in the book. `append` adds the entry's number and lineage to its `n`,
 * so two entries have the same `n` only if the same entries precede both. It deletes a book that
 * does not end with the journal's last entry. It keeps an entry that tells a release, as XRANGE returns
 * it, because trimming never removes the key.
 */
const appendLua = `${lastLua}
local argument = 0
local function taken()
  argument = argument + 1
  return ARGV[argument]
end
local function list()
  local items = {}
  for at = 1, tonumber(taken()) do items[at] = taken() end
  return items
end
local kept, fieldsMax = taken(), tonumber(taken())
local function append()
  local n, fields, names, tells = taken(), list(), list(), taken()
  local before = last(KEYS[1])
  local number, line = string.match(before, "%.(%d+)%.(%d+)$")
  local isContinued = number and redis.call("HGET", KEYS[2], "end") == before
  local isFull = isContinued and redis.call("HLEN", KEYS[2]) >= fieldsMax
  number, line = (number or 0) + 1, line or 0
  for at = 1, #n do line = (line * 31 + string.byte(n, at)) % 2147483647 end
  number, line = string.format("%d", number), string.format("%d", line)
  n = n .. "." .. number .. "." .. line
  local position =
    redis.call("XADD", KEYS[1], "MAXLEN", "~", kept, "*", "n", n, unpack(fields))
  if not isContinued then
    redis.call("DEL", KEYS[2], KEYS[3])
  elseif isFull then
    redis.call("RENAME", KEYS[2], KEYS[3])
    redis.call("HSET", KEYS[2], "older", before)
  end
  local noted = {"end", n, "#" .. number, line}
  for _, name in ipairs(names) do
    noted[#noted + 1] = name
    noted[#noted + 1] = number
  end
  redis.call("HSET", KEYS[2], unpack(noted))
  if tells == "release" then
    redis.call("SET", KEYS[5], cjson.encode({position, {"n", n, unpack(fields)}}))
  end
  return {position, n}
end`;

/**
 * Appends entries, and reads a page from a position on. KEYS: `journalKeys`. ARGV: the number of
 * entries to keep, `bookFieldsMax`, the position or an empty string, the length of the page, the
 * number of entries, and `entryArgs` of each.
 */
export const appendScript = `${appendLua}
local since, count = taken(), taken()
local places = {}
for at = 1, tonumber(taken()) do places[at] = append() end
if since == "" then return {places} end
return {places, redis.call("XRANGE", KEYS[1], since, "+", "COUNT", count)}`;

/**
 * Appends a mark, and reads the newest entries, the switch and the release. Several isolates may find
 * the journal empty, but only one may mark it (rule 18). A second mark would purge responses that were
 * loaded since the first. KEYS: `journalKeys`. ARGV: the number of entries to keep,
 * `bookFieldsMax`, `empty` to mark only an empty journal, the number of entries to read, and
 * `entryArgs`.
 */
export const markScript = `${appendLua}
local on, count = taken(), taken()
if on ~= "empty" or redis.call("XLEN", KEYS[1]) == 0 then append() end
return {
  redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", count),
  redis.call("GET", KEYS[4]),
  redis.call("GET", KEYS[5])
}`;

/**
 * Writes a post of the switch, if the switch still names the post to replace. KEYS: `journalKeys`.
 * ARGV: the number of entries to keep, `bookFieldsMax`, the replaced post, the post, the bypass as
 * JSON, and `entryArgs`.
 */
export const postScript = `${appendLua}
local replaces, post, bypass = taken(), taken(), taken()
local held = redis.call("GET", KEYS[4]) or ""
if (string.match(held, "^%S+") or "") ~= replaces then return {"overtaken", held} end
local place = append()
redis.call("SET", KEYS[4], post .. " " .. place[1] .. " " .. place[2] .. " " .. bypass)
return {"posted", place[1], place[2]}`;

/**
 * Returns for each record 1 if the book proves that no entry after the record's stamp covers the
 * record, else 0. Returns an empty list if the book lacks `end`, or does not end with the journal's
 * last entry. KEYS: the first three of `journalKeys`. ARGV: the `n` of `end`, or an empty string to
 * skip that check; and for each record the `n` of its stamp, the number of names, and the names.
 */
export const bookScript = `${lastLua}
local noted = redis.call("HMGET", KEYS[2], "end", "older")
local books = {KEYS[2]}
if noted[2] and redis.call("HGET", KEYS[3], "end") == noted[2] then books[2] = KEYS[3] end
local function numberOf(n)
  local number, line = string.match(n, "%.(%d+)%.(%d+)$")
  for _, book in ipairs(books) do
    if number and redis.call("HGET", book, "#" .. number) == line then return tonumber(number) end
  end
end
local function isUnpurged(since, names)
  for _, book in ipairs(#names > 0 and books or {}) do
    for _, number in ipairs(redis.call("HMGET", book, unpack(names))) do
      if number and tonumber(number) > since then return 0 end
    end
  end
  return 1
end
if noted[1] ~= last(KEYS[1]) or ARGV[1] ~= "" and not numberOf(ARGV[1]) then return {} end
local answers, at = {}, 2
while at <= #ARGV do
  local since, count = numberOf(ARGV[at]), tonumber(ARGV[at + 1])
  local names = {unpack(ARGV, at + 2, at + 1 + count)}
  answers[#answers + 1] = since and isUnpurged(since, names) or 0
  at = at + 2 + count
end
return answers`;

/**
 * Encodes an entry for the scripts: its `n`, its other fields and the names of its targets, as
 * lists, and whether it tells a release.
 */
export function entryArgs({ n, fields }: EncodedEntry, targets: PurgeTargets): string[] {
  const names = namesOf(targets);
  const tells = releasedBy(targets) === undefined ? "" : "release";
  return [n, String(fields.length), ...fields, String(names.length), ...names, tells];
}

/** An entry's `n`, and its other fields as alternating names and values. */
export interface EncodedEntry {
  readonly n: string;
  readonly fields: readonly string[];
}

/** Returns the places of appended entries; none for a reply of another form. */
export function placesIn(reply: unknown): readonly EntryPlace[] {
  return listIn(reply).flatMap((place) => {
    const [position, n] = listIn(place);
    return typeof position === "string" && typeof n === "string" ? [{ position, n }] : [];
  });
}

/** Encodes a query for `bookScript`. */
export function bookArgs(end: EntryPlace, records: Parameters<Journal["unpurged"]>[1]): string[] {
  const asked = records.flatMap((record) => {
    const { n, names } = bookQuery(record);
    return [n, String(names.length), ...names];
  });
  return [end.n, ...asked];
}

/**
 * Encodes a query for whether the book notes each entry, as a record without names. The answer is
 * true for a noted entry.
 */
export function notedArgs(places: readonly EntryPlace[]): string[] {
  return ["", ...places.flatMap(({ n }) => [n, "0"])];
}

/** Returns the answers of `bookScript`. They are false if the reply has another form. */
export function answersIn(reply: unknown, count: number): readonly boolean[] {
  const answers = listIn(reply);
  return Array.from({ length: count }, (_, at) => answers[at] === 1);
}
