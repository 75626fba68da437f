// Writes a record unless Redis has a newer one (docs/purge-protocol-data.md, rule 28).
import { type NewerRecords, type Provenance, recentMsMax } from "../../cache/record/record.ts";
import { lastLua } from "./journal/journal-scripts.ts";
import { longHeadCharsMax } from "./record-text.ts";

/**
 * Returns `OK`; `not-at-end` if the record's stamp is not the journal's last entry; `newer` if a newer
 * record is stored; nothing if there is no record and only an existing record may be replaced. KEYS: the
 * record, and the journal if the stamp must be its last entry. ARGV: the record's text, its expiry in
 * milliseconds, `XX` or an empty string, `newerArgs`, and with a journal the `n` of the stamp.
 */
export const unlessNewerScript = `${lastLua}
local newest = KEYS[2] and last(KEYS[2])
if newest and (newest == "" or newest ~= ARGV[10]) then return "not-at-end" end
local function isNewer()
  local text = redis.pcall("GETRANGE", KEYS[1], 0, ${longHeadCharsMax - 1})
  local held = cjson.decode(string.match(text, "^[^\\n]*"))
  local ms, nth = string.match(held.s[1], "^(%d+)-(%d+)$")
  local respondedAtMs = held.q + held.a
  local by = tonumber(ms) - tonumber(ARGV[4])
  if by == 0 then by = tonumber(nth) - tonumber(ARGV[5]) end
  local isLoad = ARGV[6] == "load"
  if by < 0 or (by == 0 and not isLoad) then return false end
  local isSeen = respondedAtMs == tonumber(ARGV[8]) and held.d == ARGV[9]
  if isLoad and isSeen == (by == 0) then return not isSeen end
  return respondedAtMs >= tonumber(ARGV[7])
end
-- isNewer fails for a text that is not the record of a value with a stamp. Replace such a text.
local isRead, isKept = pcall(isNewer)
if isRead and isKept then return "newer" end
if ARGV[3] == "XX" and redis.call("EXISTS", KEYS[1]) == 0 then return false end
return redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])`;

/** Returns the arguments that say which records are newer than a given one. */
export function newerArgs(
  { stamp, requestedAtMs }: Provenance,
  { kind, seen }: NewerRecords,
): readonly string[] {
  const [ms = "0", nth = "0"] = stamp === "none" ? [] : stamp.position.split("-");
  const sinceMs = String(requestedAtMs - recentMsMax);
  const seenArgs = [String(seen?.respondedAtMs ?? ""), seen?.bodyDigest ?? ""];
  return [ms, nth, kind, sinceMs, ...seenArgs];
}
