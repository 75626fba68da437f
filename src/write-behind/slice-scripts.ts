// The Lua scripts for slices in Redis. Each script is atomic and runs on the primary, by the
// primary's clock.
//
// A set has an index of its slices, a hash for each slice, a count of the waiting keys, the ids of
// recent batches, and its time. All names begin with the index's name, and a slice's name ends with
// its number. All keys of a set are in one slot of a cluster.
import { usesOtherKeys } from "../remote/redis/rest.ts";
import { fallMsMax } from "./slice-times.ts";

/** How many slices before the current one are also found by name, in case the index has lost one. */
const recentCount = 16;

/**
 * Returns the time in milliseconds. If a database forbids TIME in scripts, the id of a new entry in
 * a stream, the last of KEYS, provides the time. The entry is a write, so all scripts that need the
 * time are sent to the primary. A full database rejects the entry unless the script has already
 * written. With `isForFull`, the script first trims the stream, which needs no memory.
 */
const clock = `
local function nowMs(isForFull)
  local time = redis.pcall("TIME")
  if not time.err then return time[1] * 1000 + math.floor(time[2] / 1000) end
  if isForFull then redis.call("XTRIM", KEYS[#KEYS], "MAXLEN", "1") end
  local id = redis.call("XADD", KEYS[#KEYS], "MAXLEN", "1", "*", "t", "1")
  return tonumber(string.match(id, "^%d+"))
end`;

/**
 * Returns the set's time, its lead over the clock of Redis, and the latest time, for `keepTime`. Its key holds the latest time that a
 * script has kept, and the lead. If the clock falls back too far, the lead grows by the fall, and is
 * kept at once. While there is a lead, the set's time runs slower by an eighth. A script that opens or takes
 * a slice keeps the time. A full database allows `keepTime`, because it first deletes the key.
 */
const setTime = `${clock}
local function keepTime(key, atMs, lead, latest)
  redis.call("DEL", key)
  redis.call("SET", key, string.format("%.3f %.3f", math.max(latest, atMs), lead))
end
local function setTime(key, isForFull)
  local latest, lead = string.match(redis.call("GET", key) or "", "^([%d.]+) ([%d.]+)$")
  latest, lead = tonumber(latest or "0"), tonumber(lead or "0")
  local clockMs = nowMs(isForFull)
  local passed = clockMs + lead - latest
  if passed < -${fallMsMax} then
    lead = lead - passed
    keepTime(key, latest, lead, latest)
  else
    lead = lead - math.min(lead, math.max(0, passed / 8))
  end
  return clockMs + lead, lead, latest
end`;

/** KEYS: index, count. @returns `kind`, the number of waiting keys, and the oldest slice or "" */
const backlog = `
local function backlog(kind, count)
  local oldest = redis.call("ZRANGE", KEYS[1], 0, 0)[1] or ""
  return {kind, count or redis.call("GET", KEYS[2]) or "0", oldest}
end`;

/** Returns all slices as texts, oldest first, including recent slices that the index has lost. */
const slices = `
local function slicesAt(atMs, sliceMs)
  local found, isKnown = redis.call("ZRANGE", KEYS[1], 0, -1), {}
  for _, slice in ipairs(found) do isKnown[slice] = true end
  local now = math.floor(atMs / sliceMs)
  for at = now - ${recentCount}, now + 1 do
    local slice = string.format("%.0f", at)
    if not isKnown[slice] and redis.call("EXISTS", KEYS[1] .. ":" .. slice) == 1 then
      table.insert(found, slice)
    end
  end
  table.sort(found, function(a, b) return tonumber(a) < tonumber(b) end)
  return found
end`;

/**
 * KEYS: index, count, the slice, the ids, the set's time, the clock. ARGV: slice, sliceMs, lateMs,
 * seenMs, the limit for waiting keys, the id; then keys and texts alternately. A batch whose id is
 * known was accepted earlier, so its time is not checked again. Ids expire by the set's time, which
 * no clock sets back; the key as a whole expires a day after the set's last batch. Redis does not
 * roll back a failed script, so no command may fail after a write. The script therefore ignores an
 * invalid field of the slice, as a flush does. A count without an index belongs to evicted slices.
 * At the limit, the count then starts from 0 again.
 *
 * @returns kind, the set's time and its lead; then the backlog if the batch is accepted
 */
const accept = (fold: string) => `${setTime}${backlog}
${fold}
local isKnown, atMs, lead, latest = redis.call("ZSCORE", KEYS[4], ARGV[6]), setTime(KEYS[5])
local function answer(kind, count)
  local all = kind == "accepted" and backlog(kind, count) or {kind}
  table.insert(all, 2, string.format("%.0f", atMs))
  table.insert(all, 3, string.format("%.0f", lead))
  return all
end
if isKnown then return answer("accepted") end
local startsAtMs = ARGV[1] * ARGV[2]
if atMs > startsAtMs + ARGV[2] + ARGV[3] then return answer("late") end
if atMs < startsAtMs - ARGV[3] then return answer("early") end
local count = tonumber(redis.call("GET", KEYS[2]) or "0") or 0
if count >= tonumber(ARGV[5]) then
  if redis.call("EXISTS", KEYS[1]) == 1 then return answer("full") end
  count = 0
end
local keys, folded = {}, {}
for at = 7, #ARGV, 2 do keys[#keys + 1] = ARGV[at] end
for at, held in ipairs(redis.call("HMGET", KEYS[3], unpack(keys))) do
  local text = fold(held or "", ARGV[2 * at + 6])
  if text then folded[#folded + 1], folded[#folded + 2] = keys[at], text end
end
redis.call("ZADD", KEYS[1], ARGV[1], ARGV[1])
redis.call("ZREMRANGEBYSCORE", KEYS[4], "-inf", string.format("(%.0f", atMs))
redis.call("ZADD", KEYS[4], string.format("%.0f", atMs + ARGV[4]), ARGV[6])
redis.call("PEXPIRE", KEYS[4], 86400000)
keepTime(KEYS[5], atMs, lead, latest)
if #folded > 0 then count = count + redis.call("HSET", KEYS[3], unpack(folded)) end
count = string.format("%.0f", count)
redis.call("SET", KEYS[2], count)
return answer("accepted", count)`;

/** Adds: "5" is added to the sink's value, "r5" to 0. */
export const acceptAddsScript = accept(`
local function read(text)
  local reset, by = string.match(text, "^(r?)(%-?%d+)$")
  return reset or "", tonumber(by or "0")
end
local function fold(held, change)
  local isReset, by = read(change)
  if isReset ~= "" then return change end
  local reset, sum = read(held)
  return reset .. string.format("%.0f", sum + by)
end`);

/** Puts: each begins with its sequence. The put with the highest sequence remains. */
export const acceptPutsScript = accept(`
local function fold(held, change)
  local sequence = string.match(held, "^(%d+)[=%-]") or "0"
  return tonumber(string.match(change, "^%d+")) > tonumber(sequence) and change
end`);

/**
 * KEYS: index, the set's time, the clock. ARGV: sliceMs, restMs.
 *
 * @returns the oldest rested slice and its keys, or {}
 */
export const restedScript = `${usesOtherKeys}${setTime}${slices}
local atMs, lead, latest = setTime(KEYS[2], true)
for _, slice in ipairs(slicesAt(atMs, ARGV[1])) do
  if atMs < (slice + 1) * ARGV[1] + ARGV[2] then return {} end
  local keys = redis.call("HKEYS", KEYS[1] .. ":" .. slice)
  if #keys > 0 then
    keepTime(KEYS[2], atMs, lead, latest)
    return {slice, keys}
  end
  redis.call("ZREM", KEYS[1], slice)
end
return {}`;

/**
 * KEYS: index, the set's time, the clock. ARGV: sliceMs, lateMs, restMs, the slice of a progress mark.
 * If a batch could still enter the mark's slice, this Redis has not set the mark, or has lost its
 * state. The script then moves the set's time past the mark, and gives the waiting slices new
 * numbers after the mark, in their order. If the mark's slice itself waits, Redis has lost its state:
 * the sink has the slices up to the mark, which keep their numbers.
 *
 * @returns the number of moved changes
 */
export const passMarkScript = `${usesOtherKeys}${setTime}${slices}
local atMs, lead, latest = setTime(KEYS[2], true)
local mark = tonumber(ARGV[4])
if atMs > (mark + 1) * ARGV[1] + ARGV[2] then return {0} end
local waiting, last, moved = slicesAt(atMs, ARGV[1]), mark, 0
if redis.call("EXISTS", KEYS[1] .. ":" .. ARGV[4]) == 0 then
  last = math.max(mark, tonumber(waiting[#waiting] or "0"))
  for _, slice in ipairs(waiting) do
    redis.call("ZREM", KEYS[1], slice)
    local count = redis.call("HLEN", KEYS[1] .. ":" .. slice)
    if count > 0 then
      last, moved = last + 1, moved + count
      local number = string.format("%.0f", last)
      redis.call("RENAME", KEYS[1] .. ":" .. slice, KEYS[1] .. ":" .. number)
      redis.call("ZADD", KEYS[1], number, number)
    end
  end
end
local passedMs = (last + 1) * ARGV[1] + ARGV[3]
keepTime(KEYS[2], passedMs, lead + passedMs - atMs, latest)
return {moved}`;

/** KEYS: the slice. ARGV: the limit for bytes, keys. @returns texts of the first keys that fit */
export const changesScript = `
local texts, bytes = {}, 0
if redis.call("EXISTS", KEYS[1]) == 0 then return texts end
for at, text in ipairs(redis.call("HMGET", KEYS[1], unpack(ARGV, 2))) do
  bytes = bytes + #(text or "") + #ARGV[at + 1]
  if at > 1 and bytes > tonumber(ARGV[1]) then break end
  texts[at] = text or ""
end
return texts`;

/**
 * KEYS: index, count, the slice. ARGV: slice. If no slice remains in the index, the script deletes
 * the count. The script deletes the slice first, because a full database rejects DECRBY unless the
 * script has already written.
 */
export const dropScript = `${backlog}
local dropped = redis.call("HLEN", KEYS[3])
redis.call("DEL", KEYS[3])
redis.call("DECRBY", KEYS[2], dropped)
redis.call("ZREM", KEYS[1], ARGV[1])
if redis.call("ZCARD", KEYS[1]) == 0 then redis.call("DEL", KEYS[2]) end
return backlog("dropped")`;

/**
 * KEYS: the counts of attempts, the dead letters, the slice, the count. ARGV: id, text, the limit for
 * attempts, the limit for dead letters, the change's key. The counts of attempts expire a day after the
 * set's last counted attempt. A dead letter leaves the slice, so that it does not count if the database
 * accepts it later, and stays until the application drops it.
 */
export const refusedScript = `
local function letters(kind) return {kind, redis.call("HLEN", KEYS[2])} end
if redis.call("HEXISTS", KEYS[2], ARGV[1]) == 1 then return letters("kept") end
local tries = redis.call("HINCRBY", KEYS[1], ARGV[1], 1)
redis.call("PEXPIRE", KEYS[1], 86400000)
if tries < tonumber(ARGV[3]) then return letters("counted") end
if redis.call("HLEN", KEYS[2]) >= tonumber(ARGV[4]) then return letters("full") end
redis.call("HSET", KEYS[2], ARGV[1], ARGV[2])
redis.call("HDEL", KEYS[1], ARGV[1])
redis.call("DECRBY", KEYS[4], redis.call("HDEL", KEYS[3], ARGV[5]))
return letters("kept")`;

/** KEYS: the dead letters. @returns ids and texts alternately */
export const lettersScript = `return redis.call("HGETALL", KEYS[1])`;

/**
 * KEYS: the dead letters. ARGV: id. @returns 1 if this call has removed the dead letter, otherwise
 * 0; and how many dead letters remain
 */
export const dropLetterScript = `
return {redis.call("HDEL", KEYS[1], ARGV[1]), redis.call("HLEN", KEYS[1])}`;

/**
 * KEYS: index, the set's time, the clock. ARGV: sliceMs, keys.
 *
 * @returns each slice's number, and the text of each key
 */
export const readScript = `${usesOtherKeys}${setTime}${slices}
local found, atMs = {}, setTime(KEYS[2], true)
for _, slice in ipairs(slicesAt(atMs, ARGV[1])) do
  table.insert(found, {slice, redis.call("HMGET", KEYS[1] .. ":" .. slice, unpack(ARGV, 2))})
end
return found`;
