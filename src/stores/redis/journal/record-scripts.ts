// Lua that stores records unless Redis has newer ones (docs/internals/purge-protocol-data.md, rule 28), and that stores a
// record with the place of an entry which the same script has appended.
import type { WriteWithPurge } from "../../../cache/record/record.ts";

/** The characters that a lookup for long metadata reads. A whole body may have a hundred times as many. */
export const longHeadCharsMax = 65_536;

/** The characters of the longest head that a script reads. */
export const scriptHeadCharsMax = 16 * longHeadCharsMax;

/** The first characters of a record that a script reads, and with them most heads: Lua copies and hashes what it reads. */
const firstHeadChars = 1_024;

const headLua = `
local function headOf(record)
  local head, from, to = "", 0, ${firstHeadChars - 1}
  while from < ${scriptHeadCharsMax} do
    local part = redis.pcall("GETRANGE", record, from, to)
    if type(part) ~= "string" or part == "" then return "" end
    local at = string.find(part, "\\n", 1, true)
    if at then return head .. string.sub(part, 1, at - 1) end
    head, from, to = head .. part, to + 1, math.min(to + ${longHeadCharsMax}, ${scriptHeadCharsMax - 1})
  end
  return ""
end`;

/**
 * Defines `headOf`, which returns the head of a key's record; an empty text if there is none. Also defines `isNewer`, which
 * returns whether a head is newer than one whose stamp has the position `ms` and `nth`. `kind`, `since`, `seenMs` and
 * `seenDigest` are those of `newerArgs`. A text without a stamp and times is never newer: no lookup can use it. The script
 * takes these members from the text, because cjson refuses a head with a lone surrogate, which lookups read. No string in
 * JSON contains their names in quotation marks.
 */
export const newerLua = `${headLua}
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
 * - `writeTaken` takes the arguments, and the next of the keys of records; nothing for an entry without a record
 * - `lacksTags` returns whether the replaced record has a tag that the new one lacks, if the isolate has not read its tags.
 *   Also returns true for tags that the script cannot read: cjson refuses lone surrogates, and a head may be too long
 * - `stored` stores the record. Returns `OK`, or nothing if only an existing record may be replaced. Returns `not-at-end`
 *   unless the journal had the expected end: a command that arrives late must not replace what others have set meanwhile.
 *   Replaces a record with a later position: the journal has lost its place
 *
 * @param keysBefore the number of keys before those of records
 */
export const storedLua = (keysBefore: number): string => `${headLua}
local keyAt = ${keysBefore}
local function writeTaken()
  local text = taken()
  if text == "" then return nil end
  keyAt = keyAt + 1
  local px, xx, keepsTags = unpack(cjson.decode(text))
  local head, rest = taken(), taken()
  return {record = KEYS[keyAt], px = px, xx = xx, keepsTags = keepsTags, head = head, rest = rest}
end
local function lacksTags(write)
  if not write.keepsTags then return false end
  local record = write.record
  local head = headOf(record)
  if head == "" then return redis.call("EXISTS", record) == 1 end
  if not string.find(head, '"t":', 1, true) then return false end
  local isRead, held = pcall(cjson.decode, head)
  if not isRead then return true end
  if type(held) ~= "table" or type(held.t) ~= "table" then return false end
  local isWritten, new = pcall(cjson.decode, string.match(write.head .. write.rest, "^[^\\n]*"))
  if not isWritten then return true end
  local own = {}
  for _, tag in ipairs(new.t or {}) do own[tag] = true end
  for _, tag in ipairs(held.t) do
    if not own[tag] then return true end
  end
  return false
end
local function stored(write, place, isAtEnd)
  local record = write.record
  if not isAtEnd then return "not-at-end" end
  if write.xx == "XX" and redis.call("EXISTS", record) == 0 then return false end
  redis.call("SET", record, write.head .. place[1] .. '","' .. place[2] .. write.rest, "PX", write.px)
  return "OK"
end`;

/** Encodes a record for the script that appends its entry. */
export function recordArgs({ options, around }: WriteWithPurge): readonly string[] {
  return [JSON.stringify(options), ...around];
}

/** The arguments for an entry without a record. */
export const noRecordArgs: readonly string[] = [""];
