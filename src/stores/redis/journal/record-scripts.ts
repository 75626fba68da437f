// Lua that stores records unless Redis has newer ones (docs/purge-protocol-data.md, rule 28), and that stores a
// record with the place of an entry which the same script has appended.
import type { EntryId } from "../../../purge/journal/entry.ts";
import type { WriteWithPurge } from "../../../cache/record/record.ts";

/** The characters that a lookup for long metadata reads. A whole body may have a hundred times as many. */
export const longHeadCharsMax = 65_536;

/**
 * Defines `hasNewer`, which returns whether a key has a newer record than one whose stamp has the position
 * `ms` and `nth`. `kind`, `since`, `seenMs` and `seenDigest` are those of `newerArgs`.
 */
export const newerLua = `
local function hasNewer(record, ms, nth, kind, since, seenMs, seenDigest)
  local function isNewer()
    local text = redis.pcall("GETRANGE", record, 0, ${longHeadCharsMax - 1})
    local held = cjson.decode(string.match(text, "^[^\\n]*"))
    local heldMs, heldNth = string.match(held.s[1], "^(%d+)-(%d+)$")
    local respondedAtMs = held.q + held.a
    local by = tonumber(heldMs) - tonumber(ms)
    if by == 0 then by = tonumber(heldNth) - tonumber(nth) end
    local isLoad = kind == "load"
    if by < 0 or (by == 0 and not isLoad) then return false end
    local isSeen = respondedAtMs == tonumber(seenMs) and held.d == seenDigest
    if isLoad and isSeen == (by == 0) then return not isSeen end
    return respondedAtMs >= tonumber(since)
  end
  -- isNewer fails for a text that is not the record of a value with a stamp. Replace such a text.
  local isRead, isKept = pcall(isNewer)
  return isRead and isKept
end`;

/**
 * Defines `stored`, which stores a record (`recordArgs`) under the next of the keys after the first seven, with
 * a place as its stamp. Returns `OK`, `newer`, or nothing if only an existing record may be replaced. Returns
 * `not-at-end` unless `newest`, the `n` of the journal's last entry before the script, is the one that the isolate
 * knew: a command that arrives late must not replace what others have set meanwhile.
 */
export const storedLua = `${newerLua}
local keyAt = 7
local function stored(place, newest)
  keyAt = keyAt + 1
  local record, known, before, after = KEYS[keyAt], taken(), taken(), taken()
  local px, xx, since = taken(), taken(), taken()
  if newest ~= known then return "not-at-end" end
  local ms, nth = string.match(place[1], "^(%d+)-(%d+)$")
  if hasNewer(record, ms, nth, "set", since, "", "") then return "newer" end
  if xx == "XX" and redis.call("EXISTS", record) == 0 then return false end
  redis.call("SET", record, before .. place[1] .. '","' .. place[2] .. after, "PX", px)
  return "OK"
end`;

/**
 * Encodes a record for the script that appends its entry.
 *
 * @param known the last entry that the isolate knew
 */
export function recordArgs({ args }: WriteWithPurge, known: EntryId): readonly string[] {
  return ["record", known.n, ...args];
}

/** The arguments for an entry without a record. */
export const noRecordArgs: readonly string[] = [""];
