// The Lua scripts that append entries to the journal and note them in its book and lineages, and those
// that read both (docs/purge-protocol-book.md, rule 27), with their arguments and replies.
import { listIn } from "../../../base/json-text.ts";
import { releasedBy } from "../../../purge/journal/purge-target.ts";
import { bookQuery, namesOf } from "../../../purge/journal/book.ts";
import { encodeEntry, type EntryId, type NewEntry } from "../../../purge/journal/entry.ts";
import { type Epoch, epochNameChars, epochNamesMax } from "../../../purge/journal/epoch.ts";
import { type Journal, keptCount } from "../../../purge/journal/journal.ts";
import { storedLua } from "./record-scripts.ts";
import { switchKey } from "./switch-key.ts";

/** The maximum number of fields in a book. A full book becomes the older book. */
export const bookFieldsMax = 131_072;

/** The number of newest entries whose lineages the journal keeps at least, as a journal in objects. */
const lineagesMax = 1_000_000;

/**
 * Returns the keys of the scripts: the journal, its book, the older book, the lineages, the switch, and the newest
 * entry that told a release.
 */
export function journalKeys(namespace: string) {
  const journal = `${namespace}:journal`;
  const noted = [`${journal}:names`, `${journal}:older`, `${journal}:lineages`] as const;
  const kept = [switchKey(namespace), `${journal}:released`] as const;
  return [journal, ...noted, ...kept] as const;
}

/** How the scripts that append do so. */
export interface AppendSettings {
  /** The minimum number of entries that trimming leaves. Default: `keptCount` of the journal's port. */
  readonly keptCount?: number;
  /** Whether the scripts publish the position of the last new entry, on a channel named like the journal. */
  readonly hasHints?: boolean | undefined;
}

/**
 * The minimum numbers of entries and lineages that a script keeps, the fields of a book, and whether
 * the script publishes hints.
 */
export function appendArgs({ keptCount: kept = keptCount, hasHints }: AppendSettings): string[] {
  return [...[kept, bookFieldsMax, lineagesMax].map(String), hasHints === true ? "hints" : ""];
}

/**
 * Defines `nIn`, which returns the `n` of the first entry of a range, and `last`, which returns that of a
 * journal's last entry. Both return an empty string if there is none.
 */
export const lastLua = `
local function nIn(range)
  local fields = range[1] and range[1][2] or {}
  for at = 1, #fields, 2 do
    if fields[at] == "n" then return fields[at + 1] end
  end
  return ""
end
local function last(journal)
  return nIn(redis.call("XREVRANGE", journal, "+", "-", "COUNT", 1))
end`;

/**
 * Defines functions for lineages. The value of a field has the lineages of 63 consecutive entries,
 * each as 8 hexadecimal digits: 9 bytes of memory for each entry. A field for each entry would take
 * 60 bytes or more. With 64 lineages, a value exceeds 512 bytes, and takes 640.
 *
 * - `numberIn` returns the number and the lineage in an `n`; nothing if it has none
 * - `slotOf` returns the field of a number, and the count of characters before its lineage
 * - `isIn` returns whether a value has a lineage after some characters
 */
const lineagesLua = `
local function numberIn(n)
  local number, line = string.match(n, "%.(%d+)%.(%d+)$")
  return tonumber(number), tonumber(line)
end
local function slotOf(number)
  return tostring(math.floor((number - 1) / 63)), (number - 1) % 63 * 8
end
local function isIn(value, before, line)
  return value and tonumber(string.sub(value, before + 1, before + 8), 16) == line
end`;

/** Defines `taken`, which returns the next argument, and takes `appendArgs`. */
const takenLua = `${lastLua}${lineagesLua}
local argument = 0
local function taken()
  argument = argument + 1
  return ARGV[argument]
end
local kept, fieldsMax, lineagesMax, hints = taken(), tonumber(taken()), tonumber(taken()), taken()
local newest = {}`;

/**
 * Defines `append`, which appends an entry (`entryArg`). Reads the journal's last entry unless `newest` has it. It adds the entry's
 * number and lineage to its `n`, so two entries have the same `n` only if the same entries precede both. It deletes a book
 * that does not end with the journal's last entry. It keeps an entry that tells a release, as XRANGE returns it, because
 * trimming never removes the key. After the last entry, a script calls `ended`, which notes the lineages and the
 * names of all entries at once, and publishes the place of the last one. A database that refuses this still has the entries.
 *
 * XADD is the first write, because a full database refuses only a script's first write. `epochAfter` begins anew if the
 * lineages lack the entry before. All entries before are then unproven.
 */
const appendingLua = `
if not newest[1] then newest = redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", 1) end
local before = nIn(newest)
local number, line = numberIn(before)
number, line = number or 0, line or 0
local epoch, noted = nil, {}
local function listOf(names)
  if #names > ${epochNamesMax} then return "?" end
  local short = {}
  for at, name in ipairs(names) do short[at] = string.sub(name, 1, ${epochNameChars}) end
  return table.concat(short)
end
local function epochAfter(last, lastLine)
  local field, before = slotOf(last + 1)
  local lastField, beforeLast = slotOf(last)
  local lines, named = unpack(redis.call("HMGET", KEYS[4], lastField, "n" .. lastField))
  local anew = {}
  if not isIn(lines, beforeLast, lastLine) then
    redis.call("DEL", KEYS[4])
    anew = {"from", "" .. last + 1}
    lines, named = string.rep("0", before), nil
  end
  local isNamed = before > 0 and named and string.sub(named, 1, 8) == string.format("%08x", lastLine)
  local lists = isNamed and string.sub(named, 9) or string.rep("?,", before / 8)
  return {field = field, lines = {string.sub(lines, 1, before)}, lists = {lists}, anew = anew}
end
local function noteEpoch()
  local lists = string.format("%08x", line) .. table.concat(epoch.lists)
  redis.call("HSET", KEYS[4], epoch.field, table.concat(epoch.lines), "n" .. epoch.field, lists,
    unpack(epoch.anew))
end
local function beginEpoch(field)
  if epoch.field ~= field then
    noteEpoch()
    epoch = {field = field, lines = {}, lists = {}, anew = {}}
  end
  local unnamed = "n" .. slotOf(number - fieldsMax - 62)
  redis.call("HDEL", KEYS[4], slotOf(number - lineagesMax - 62), unnamed)
end
local function beginBook()
  local isContinued = number > 0 and redis.call("HGET", KEYS[2], "end") == before
  local isFull = isContinued and redis.call("HLEN", KEYS[2]) >= fieldsMax
  if not isContinued then
    redis.call("DEL", KEYS[2], KEYS[3])
  elseif isFull then
    redis.call("RENAME", KEYS[2], KEYS[3])
    redis.call("HSET", KEYS[2], "older", before)
  end
  if not isContinued or isFull then noted = {"from", tostring(number + 1)} end
end
local function append(entry)
  local n, fields, names, tells = unpack(cjson.decode(entry))
  local newLine = line
  for _, byte in ipairs({string.byte(n, 1, -1)}) do newLine = (newLine * 31 + byte) % 2147483647 end
  n = n .. "." .. number + 1 .. "." .. newLine
  local position = redis.call("XADD", KEYS[1], "MAXLEN", "~", kept, "*", "n", n, unpack(fields))
  if not epoch then
    epoch = epochAfter(number, line)
    beginBook()
  end
  local field, lines = slotOf(number + 1)
  if lines == 0 then beginEpoch(field) end
  number, line = number + 1, newLine
  epoch.lines[#epoch.lines + 1] = string.format("%08x", line)
  epoch.lists[#epoch.lists + 1] = listOf(names) .. ","
  for _, name in ipairs(names) do
    noted[#noted + 1] = name
    noted[#noted + 1] = tostring(number)
  end
  if tells == "release" then
    redis.call("SET", KEYS[6], cjson.encode({position, {"n", n, unpack(fields)}}))
  end
  return {position, n}
end
local function ended(place)
  if not place then return end
  noteEpoch()
  noted[#noted + 1], noted[#noted + 2] = "end", place[2]
  for at = 1, #noted, 1000 do redis.call("HSET", KEYS[2], unpack(noted, at, math.min(at + 999, #noted))) end
  if hints == "hints" then redis.pcall("PUBLISH", KEYS[1], place[1]) end
end`;

export const appendLua = takenLua + appendingLua;

/**
 * Reads a page from a position on, and then appends entries, which follow the page, and stores their records. If the
 * journal has its expected end, the page is this entry alone. Appends no entry whose record lacks older tags
 * (`lacksTags`), and returns `older-tags` in its place.
 * KEYS: `journalKeys`, and the keys of records. ARGV: `appendArgs`, the position or an empty string, the
 * length of the page, the `n` of the expected end or an empty string, the number of entries, and `entryArg` and
 * `recordArgs` of each.
 */
export const appendScript = `${takenLua}
local since, count, expected = taken(), taken(), taken()
local page = {}
local function readPage()
  if since ~= "" then page = redis.call("XRANGE", KEYS[1], since, "+", "COUNT", count) end
end
if expected == "" then readPage() end
if #page < tonumber(count) then newest = {page[#page]} end${appendingLua}${storedLua(journalKeys("").length)}
local isAtEnd = expected ~= "" and before == expected
if isAtEnd then page = newest elseif expected ~= "" then readPage() end
local places, appended = {}, nil
for at = 1, tonumber(taken()) do
  local entry, write = taken(), writeTaken()
  if write and lacksTags(write) then
    places[at] = {"older-tags"}
  else
    appended = append(entry)
    if write then appended[3] = stored(write, appended, isAtEnd) end
    places[at] = appended
  end
end
ended(appended)
return {places, page}`;

/**
 * Appends a mark, and reads the newest entries, the switch and the release. Several isolates may find
 * the journal empty, but only one may mark it (rule 18). A second mark would purge responses that were
 * loaded since the first. KEYS: `journalKeys`. ARGV: `appendArgs`, `empty` to mark only an
 * empty journal, the number of entries to read, and `entryArg`.
 */
export const markScript = `${appendLua}
local on, count = taken(), taken()
if on ~= "empty" or #newest == 0 then ended(append(taken())) end
return {
  redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", count),
  redis.call("GET", KEYS[5]),
  redis.call("GET", KEYS[6])
}`;

/**
 * Defines `proofOf`, which returns the proof of an `n`: an index of `proofs`. Its first call reads the journal's last
 * entry, as `newest`. Entries of one epoch cost one read.
 */
export const proofLua = `${lastLua}${lineagesLua}
local newest, lastNumber, lastLine
local known = {}
local function proofOf(n)
  if not newest then
    newest = last(KEYS[1])
    lastNumber, lastLine = numberIn(newest)
  end
  local number, line = numberIn(n)
  if not number or not lastNumber or number < 1 or number > lastNumber then return 0 end
  local field, before = slotOf(number)
  local lastField, beforeLast = slotOf(lastNumber)
  if known[field] == nil then
    known[field], known.last, known.from =
      unpack(redis.call("HMGET", KEYS[4], field, lastField, "from"))
  end
  if not isIn(known.last, beforeLast, lastLine) or number < tonumber(known.from) then return 0 end
  if not known[field] then return 2 end
  return isIn(known[field], before, line) and 1 or 0
end`;

/** The proofs of an entry by the lineages (rule 27), by their numbers in replies of scripts. */
const proofs = ["never", "noted", "dropped"] as const;

export type Proof = (typeof proofs)[number];

/**
 * Returns the proof of one entry, and what trimming never removes: the switch and the release. KEYS: `journalKeys`.
 * ARGV: the `n` of the entry.
 */
export const checkScript = `${proofLua}
return {proofOf(ARGV[1]), redis.call("GET", KEYS[5]), redis.call("GET", KEYS[6])}`;

/**
 * Returns for each record 1 if the book proves that no entry after the record's stamp covers the
 * record, else 0. Returns an empty list if the lineages lack `end`, or if the book does not end with the
 * journal's last entry. KEYS: the first four of `journalKeys`. ARGV: the `n` of `end`; and for each
 * record the `n` of its stamp, the number of names, and the names.
 */
export const bookScript = `${proofLua}
local noted = redis.call("HMGET", KEYS[2], "end", "older", "from")
local books, from = {KEYS[2]}, noted[3]
local older = noted[2] and redis.call("HMGET", KEYS[3], "end", "from")
if older and older[1] == noted[2] then books, from = {KEYS[2], KEYS[3]}, older[2] end
local function isUnpurged(n, first, last)
  local since = numberIn(n)
  if first > last or proofOf(n) ~= 1 or since < tonumber(from) then return 0 end
  for _, book in ipairs(books) do
    -- Lua passes at most some 8,000 arguments.
    for at = first, last, 1000 do
      local numbers = redis.call("HMGET", book, unpack(ARGV, at, math.min(at + 999, last)))
      for _, number in ipairs(numbers) do
        if number and tonumber(number) > since then return 0 end
      end
    end
  end
  return 1
end
if not from or proofOf(ARGV[1]) ~= 1 or noted[1] ~= newest then return {} end
local answers, at = {}, 2
while at <= #ARGV do
  local last = at + 1 + tonumber(ARGV[at + 1])
  answers[#answers + 1] = isUnpurged(ARGV[at], at + 2, last)
  at = last + 1
end
return answers`;

/**
 * Encodes an entry for the scripts, as JSON in one argument, because each argument costs the client time: its `n`, its
 * other fields and the names of its targets, as lists, and whether it tells a release.
 */
export function entryArg(entry: NewEntry): string {
  const { n, ...fields } = encodeEntry(entry);
  const tells = releasedBy(entry.targets) === undefined ? "" : "release";
  // The database refuses a lone surrogate in JSON.
  const texts = Object.entries(fields).flatMap((field) => field.map((text) => text.toWellFormed()));
  return JSON.stringify([n, texts, namesOf(entry.targets), tells]);
}

/** Returns the places of appended entries; none for a reply of another form. */
export function placesIn(reply: unknown): readonly EntryId[] {
  return listIn(reply).flatMap((place) => {
    const [position, n] = listIn(place);
    return typeof position === "string" && typeof n === "string" ? [{ position, n }] : [];
  });
}

/** Encodes a query for `bookScript`. */
export function bookArgs(end: EntryId, records: Parameters<Journal["unpurged"]>[1]): string[] {
  const asked = records.flatMap((record) => {
    const { n, names } = bookQuery(record);
    return [n, String(names.length), ...names];
  });
  return [end.n, ...asked];
}

/** Returns the answers of `bookScript`. They are false if the reply has another form. */
export function answersIn(reply: unknown, count: number): readonly boolean[] {
  const answers = listIn(reply);
  return Array.from({ length: count }, (_, at) => answers[at] === 1);
}

/** Returns the fields of an epoch in the hash of lineages. */
export const epochFields = (epoch: number): readonly string[] => [`${epoch}`, `n${epoch}`];

/** Returns the epochs in a reply of HMGET. An epoch without one of its fields is absent. */
export function epochsIn(reply: unknown, count: number): readonly (Epoch | undefined)[] {
  const texts = listIn(reply);
  return Array.from({ length: count }, (_, at) => {
    const [lineages, names] = texts.slice(2 * at, 2 * at + 2);
    return typeof lineages === "string" && typeof names === "string"
      ? { lineages, names }
      : undefined;
  });
}

/** Returns the proofs in a reply of a script. An entry in a reply of another form was never proved. */
export function proofsIn(reply: unknown, count: number): readonly Proof[] {
  const found = listIn(reply);
  return Array.from({ length: count }, (_, at) => proofs[Number(found[at])] ?? "never");
}
