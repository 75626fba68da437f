// Lua that stores records unless Redis has newer ones (docs/purge-protocol-data.md, rule 28), and that stores a
// record with the place of an entry which the same script has appended.
import type { EntryId } from "../../../purge/journal/entry.ts";
import type { WriteWithPurge } from "../../../cache/record/record.ts";

/** The characters that a lookup for long metadata reads. A whole body may have a hundred times as many. */
export const longHeadCharsMax = 65_536;

/** The characters of the longest head that a script reads. */
export const scriptHeadCharsMax = 16 * longHeadCharsMax;

/**
 * Defines functions for the record of a key. A text without a stamp and times is never newer: no lookup can use it. The
 * script takes these members from the text, because cjson refuses a head with a lone surrogate, which lookups read. No
 * string in JSON contains their names in quotation marks.
 *
 * - `headOf` returns its head; an empty text if there is none
 * - `isNewer` returns whether it is newer than one whose stamp has the position `ms` and `nth`. `kind`, `since`, `seenMs`
 *   and `seenDigest` are those of `newerArgs`
 */
export const newerLua = `
local function headOf(record)
  local parts = {}
  for from = 0, ${scriptHeadCharsMax - 1}, ${longHeadCharsMax} do
    local part = redis.pcall("GETRANGE", record, from, from + ${longHeadCharsMax - 1})
    if type(part) ~= "string" or part == "" then return "" end
    local own = string.match(part, "^[^\\n]*")
    parts[#parts + 1] = own
    if #own < #part then return table.concat(parts) end
  end
  return ""
end
local function isNewer(head, ms, nth, kind, since, seenMs, seenDigest)
  local isRead, isKept = pcall(function()
    local heldMs, heldNth = string.match(head, '"s":%["(%d+)-(%d+)"')
    local respondedAtMs = string.match(head, '"q":(-?[%d.]+)') + string.match(head, '"a":(-?[%d.]+)')
    local by = tonumber(heldMs) - tonumber(ms)
    if by == 0 then by = tonumber(heldNth) - tonumber(nth) end
    local isLoad = kind == "load"
    if by < 0 or (by == 0 and not isLoad) then return false end
    local digest = string.match(head, '"d":"([^"]*)"')
    local isSeen = respondedAtMs == tonumber(seenMs) and digest == seenDigest
    if isLoad and isSeen == (by == 0) then return not isSeen end
    return respondedAtMs >= tonumber(since)
  end)
  return isRead and isKept
end`;

/**
 * Defines functions for the records that a script stores with the place of an entry as their stamps (`recordArgs`).
 *
 * - `writeTaken` takes the arguments, and the next of the keys after the first seven; nothing for an entry without a record
 * - `lacksTags` returns whether the replaced record has a tag that the new one lacks, if the isolate has not read its tags.
 *   Also returns true for a head that the script cannot read: cjson refuses lone surrogates, and a head may be too long
 * - `stored` stores the record. Returns `OK`, `newer`, or nothing if only an existing record may be replaced. Returns
 *   `not-at-end` unless `newest`, the `n` of the journal's last entry before the script, is the one that the isolate
 *   knew: a command that arrives late must not replace what others have set meanwhile
 */
export const storedLua = `${newerLua}
local keyAt = 7
local function writeTaken()
  local text = taken()
  if text == "" then return nil end
  keyAt = keyAt + 1
  local known, px, xx, since, keepsTags = unpack(cjson.decode(text))
  local record = KEYS[keyAt]
  return {
    record = record, known = known, px = px, xx = xx, since = since, keepsTags = keepsTags,
    before = taken(), after = taken(), held = headOf(record)
  }
end
local function lacksTags(write)
  if not write.keepsTags then return false end
  local record = write.record
  local isRead, held = pcall(cjson.decode, write.held)
  if not isRead or type(held) ~= "table" then return redis.call("EXISTS", record) == 1 end
  if type(held.t) ~= "table" then return false end
  local own = {}
  local head = cjson.decode(string.match(write.before .. write.after, "^[^\\n]*"))
  for _, tag in ipairs(head.t or {}) do own[tag] = true end
  for _, tag in ipairs(held.t) do
    if not own[tag] then return true end
  end
  return false
end
local function stored(write, place, newest)
  local record = write.record
  if newest ~= write.known then return "not-at-end" end
  local ms, nth = string.match(place[1], "^(%d+)-(%d+)$")
  if isNewer(write.held, ms, nth, "set", write.since, "", "") then return "newer" end
  if write.xx == "XX" and redis.call("EXISTS", record) == 0 then return false end
  redis.call("SET", record, write.before .. place[1] .. '","' .. place[2] .. write.after, "PX", write.px)
  return "OK"
end`;

/**
 * Encodes a record for the script that appends its entry.
 *
 * @param known the last entry that the isolate knew
 */
export function recordArgs({ options, around }: WriteWithPurge, known: EntryId): readonly string[] {
  return [JSON.stringify([known.n, ...options]), ...around];
}

/** The arguments for an entry without a record. */
export const noRecordArgs: readonly string[] = [""];
