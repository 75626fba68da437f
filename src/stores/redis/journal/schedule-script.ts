// The Lua script that takes an entry into the schedule (docs/purge-protocol-special.md, rule 30).
import {
  cancelledMax,
  scheduledBytesMax,
  scheduledKeptMs,
  scheduledMax,
} from "../../../purge/journal/scheduled.ts";
import { appendLua } from "./journal-scripts.ts";

/**
 * Appends the entry of a scheduled purge, unless the schedule refuses it (`scheduleRefusal`). Drops what the
 * schedule need not keep, after XADD. KEYS: `journalKeys`. ARGV: `appendArgs`, the state, the id, the
 * instant before which a cancel counts, the isolate's clock, the length of the entry, and `entryArg`.
 */
export const scheduleScript = `${appendLua}
local state, id, before, now, bytes = taken(), taken(), taken(), tonumber(taken()), tonumber(taken())
local held = stateOf(id)
if state == "cancelled" and not held then return {"refused", "unknown"} end
if state == "cancelled" and held == "effective" then return {"refused", "late"} end
if held and (held ~= "planned" or state == "planned") then return {"refused", "held"} end
if state == "cancelled" and now >= tonumber(before) then return {"refused", "late"} end
local over, count, cancelled = {}, 0, 0
if state == "planned" then
  local lines = redis.call("HGETALL", KEYS[7])
  for at = 1, #lines, 2 do
    local lineState, due = string.match(lines[at + 1], "^(%a+) %S+ (%d+)")
    if lineState ~= "planned" and now > tonumber(due) + ${scheduledKeptMs} then
      over[#over + 1] = lines[at]
    elseif lineState == "cancelled" then
      cancelled = cancelled + 1
    else
      count, bytes = count + 1, bytes + #lines[at + 1]
    end
  end
  local isFull = count >= ${scheduledMax} or bytes > ${scheduledBytesMax}
  if isFull or cancelled >= ${cancelledMax} then return {"refused", "full"} end
end
local place = append(taken())
if #over > 0 then redis.call("HDEL", KEYS[7], unpack(over)) end
ended(place)
if state == "cancelled" and isLate(place[1], before) then return {"refused", "late"} end
return {"appended", place[1], place[2]}`;
