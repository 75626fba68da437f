// The Lua scripts that append entries to the journal and note them in its lineages and epochs, and those that read
// the lineages (docs/internals/purge-protocol-epochs.md, rule 27), with their arguments and replies.
import { listIn } from "../../../base/json-text.ts";
import { releasedBy } from "../../../purge/journal/purge-target.ts";
import { namesOf } from "../../../purge/journal/target-names.ts";
import { encodeEntry, type EntryId, type NewEntry } from "../../../purge/journal/entry.ts";
import {
  type Epoch,
  epochNameChars,
  epochSize,
  namesCharsMax,
} from "../../../purge/journal/epoch.ts";
import { keptCount } from "../../../purge/journal/journal.ts";
import { storedLua } from "./record-scripts.ts";
import { switchKey } from "./switch-key.ts";

/** The numbers of newest entries whose names, and whose lineages, the journal keeps at least. */
const [namedMax, lineagesMax] = [131_072, 1_000_000];

/**
 * Returns the keys of the scripts, in the order of `keysLua`: the journal, its lineages and epochs, the switch, and the
 * newest entry that told a release.
 */
export function journalKeys(namespace: string) {
  const journal = `${namespace}:journal`;
  return [journal, `${journal}:lineages`, switchKey(namespace), `${journal}:released`] as const;
}

/** Names the keys of `journalKeys`, of which a script may have only the first ones. */
export const keysLua = "local journalKey, lineagesKey, switchKey, releasedKey = unpack(KEYS)";

/** How the scripts that append do so. */
export interface AppendSettings {
  /** The minimum number of entries that trimming leaves. Default: `keptCount` of the journal's port. */
  readonly keptCount?: number;
  /** Whether the scripts publish the position of the last new entry, on a channel named like the journal. */
  readonly hasHints?: boolean | undefined;
}

/** The minimum numbers of entries, names and lineages that a script keeps, and whether the script publishes hints. */
export function appendArgs({ keptCount: kept = keptCount, hasHints }: AppendSettings): string[] {
  return [...[kept, namedMax, lineagesMax].map(String), hasHints === true ? "hints" : ""];
}

/**
 * Defines `nIn`, which returns the `n` of the first entry of a range, or an empty string, and `lastOf`, which returns a
 * journal's last entry as a range.
 */
export const lastLua = `
local function nIn(range)
  local fields = range[1] and range[1][2] or {}
  for at = 1, #fields, 2 do
    if fields[at] == "n" then return fields[at + 1] end
  end
  return ""
end
local function lastOf(journal)
  return redis.call("XREVRANGE", journal, "+", "-", "COUNT", 1)
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
export const lineagesLua = `
local function numberIn(n)
  local number, line = string.match(n, "%.(%d+)%.(%d+)$")
  return tonumber(number), tonumber(line)
end
local function slotOf(number)
  return tostring(math.floor((number - 1) / ${epochSize})), (number - 1) % ${epochSize} * 8
end
local function isIn(value, before, line)
  return value and tonumber(string.sub(value, before + 1, before + 8), 16) == line
end`;

/** Defines `taken`, which returns the next argument, and takes `appendArgs`. */
const takenLua = `${keysLua}${lastLua}${lineagesLua}
local argument = 0
local function taken()
  argument = argument + 1
  return ARGV[argument]
end
local kept, namedMax, lineagesMax, hints = taken(), tonumber(taken()), tonumber(taken()), taken()
local newest = {}`;

/**
 * Defines `append`, which appends an entry (`entryArg`). Reads the journal's last entry unless `newest` has it. It adds the entry's
 * number and lineage to its `n`, so two entries have the same `n` only if the same entries precede both. It keeps an entry that tells a release, as XRANGE returns it, because
 * trimming never removes the key. After the last entry, a script calls `ended`, which notes the lineages and the
 * names of all entries at once, and publishes the place of the last one. A database that refuses this still has the entries.
 *
 * XADD is the first write, because a full database refuses only a script's first write. `epochAfter` begins anew if the
 * lineages lack the entry before. All entries before are then unproven. `beginEpoch` drops the names of the oldest epochs
 * beyond `namedMax` entries, or if all complete epochs have too many characters.
 */
const appendingLua = `
if not newest[1] then newest = lastOf(journalKey) end
local before = nIn(newest)
local number, line = numberIn(before)
number, line = number or 0, line or 0
local epoch
local function listOf(names)
  local short = {}
  for at, name in ipairs(names) do short[at] = string.sub(name, 1, ${epochNameChars}) end
  return table.concat(short)
end
local function epochAfter(last, lastLine)
  local field, before = slotOf(last + 1)
  local lastField, beforeLast = slotOf(last)
  local lines, named = unpack(redis.call("HMGET", lineagesKey, lastField, "n" .. lastField))
  local anew = {}
  if not isIn(lines, beforeLast, lastLine) then
    redis.call("DEL", lineagesKey)
    anew = {"from", "" .. last + 1}
    lines, named = string.rep("0", before), nil
  end
  local isNamed = before > 0 and named and string.sub(named, 1, 8) == string.format("%08x", lastLine)
  local lists = isNamed and string.sub(named, 9) or string.rep("?,", before / 8)
  return {field = field, lines = {string.sub(lines, 1, before)}, lists = {lists}, chars = #(named or ""), anew = anew}
end
local function noteEpoch()
  local lists = string.format("%08x", line) .. table.concat(epoch.lists)
  redis.call("HSET", lineagesKey, epoch.field, table.concat(epoch.lines), "n" .. epoch.field, lists,
    unpack(epoch.anew))
end
local function beginEpoch(field)
  if epoch.field ~= field then
    noteEpoch()
    local chars = 8 + #table.concat(epoch.lists)
    epoch = {field = field, lines = {}, lists = {}, chars = chars, anew = {}}
  end
  local noted = redis.call("HMGET", lineagesKey, "named", "chars")
  local named, chars = tonumber(noted[1]) or math.max(0, field - 1), (tonumber(noted[2]) or 0) + epoch.chars
  while named < tonumber(field) and (chars > ${namesCharsMax} or (named + 1) * ${epochSize} <= number - namedMax) do
    chars = chars - redis.call("HSTRLEN", lineagesKey, "n" .. named)
    redis.call("HDEL", lineagesKey, "n" .. named)
    named = named + 1
  end
  redis.call("HSET", lineagesKey, "named", named, "chars", math.max(0, chars))
  redis.call("HDEL", lineagesKey, (slotOf(number - lineagesMax - 62)))
end
local function append(entry)
  local n, fields, names, tells = unpack(cjson.decode(entry))
  local newLine = line
  for _, byte in ipairs({string.byte(n, 1, -1)}) do newLine = (newLine * 31 + byte) % 2147483647 end
  n = n .. "." .. number + 1 .. "." .. newLine
  local position = redis.call("XADD", journalKey, "MAXLEN", "~", kept, "*", "n", n, unpack(fields))
  if not epoch then epoch = epochAfter(number, line) end
  local field, lines = slotOf(number + 1)
  if lines == 0 then beginEpoch(field) end
  number, line = number + 1, newLine
  epoch.lines[#epoch.lines + 1] = string.format("%08x", line)
  epoch.lists[#epoch.lists + 1] = listOf(names) .. ","
  if tells == "release" then
    redis.call("SET", releasedKey, cjson.encode({position, {"n", n, unpack(fields)}}))
  end
  return {position, n}
end
local function ended(place)
  if not place then return end
  noteEpoch()
  if hints == "hints" then redis.pcall("PUBLISH", journalKey, place[1]) end
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
  if since ~= "" then page = redis.call("XRANGE", journalKey, since, "+", "COUNT", count) end
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
  redis.call("XREVRANGE", journalKey, "+", "-", "COUNT", count),
  redis.call("GET", switchKey),
  redis.call("GET", releasedKey)
}`;

/**
 * Defines `proofOf`, which returns the proof of an `n`: an index of `proofs`. Its first call reads the journal's last
 * entry. Entries of one epoch cost one read.
 */
export const proofLua = `${keysLua}${lastLua}${lineagesLua}
local lastNumber, lastLine
local known = {}
local function proofOf(n)
  if not lastNumber then lastNumber, lastLine = numberIn(nIn(lastOf(journalKey))) end
  local number, line = numberIn(n)
  if not number or not lastNumber or number < 1 or number > lastNumber then return 0 end
  local field, before = slotOf(number)
  local lastField, beforeLast = slotOf(lastNumber)
  if known[field] == nil then
    known[field], known.last, known.from =
      unpack(redis.call("HMGET", lineagesKey, field, lastField, "from"))
  end
  if not isIn(known.last, beforeLast, lastLine) or number < tonumber(known.from) then return 0 end
  if not known[field] then return 2 end
  return isIn(known[field], before, line) and 1 or 0
end`;

/** The proofs of an entry by the lineages (rule 27), by their numbers in replies of scripts. */
const proofs = ["never", "noted", "dropped"] as const;

export type Proof = (typeof proofs)[number];

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
