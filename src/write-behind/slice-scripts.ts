// The scripts of slices in Redis. Each is atomic, and runs on the primary, by whose clock slices end.
//
// Of a set there are: an index of its slices, a hash for each slice, a count of the keys that wait, and for
// each batch a key by which it is known again. The names begin with that of the index: a slice's ends in its
// number. So all keys of a set lie in one slot of a cluster.

/** Beside the index these are looked for by their names: an index that has lost one must not hide it. */
export const recentCount = 16;

/**
 * Milliseconds. A database that refuses TIME in scripts has its time in the entries that it adds to streams.
 * Each script that asks for the time writes, or goes to the primary all the same.
 */
const clock = `
local function nowMs()
  local time = redis.pcall("TIME")
  if not time.err then return time[1] * 1000 + math.floor(time[2] / 1000) end
  local id = redis.call("XADD", KEYS[1] .. ":clock", "MAXLEN", "1", "*", "t", "1")
  return tonumber(string.match(id, "^%d+"))
end`;

/** KEYS: index, count. @returns how many keys wait, and the oldest slice or nothing */
const backlog = `
local function backlog(kind)
  local oldest = redis.call("ZRANGE", KEYS[1], 0, 0)[1] or ""
  return {kind, redis.call("GET", KEYS[2]) or "0", oldest}
end`;

/** The slices that there are, the oldest first, as texts. */
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
 * KEYS: index, count, the slice, the batch's. ARGV: slice, sliceMs, lateMs, seenMs, how many keys may wait,
 * keys and texts in turn. A batch that is known was accepted, whatever the time is now.
 */
const accept = (fold: string) => `${clock}${backlog}
${fold}
if redis.call("EXISTS", KEYS[4]) == 1 then return backlog("accepted") end
local startsAtMs, atMs = ARGV[1] * ARGV[2], nowMs()
if atMs > startsAtMs + ARGV[2] + ARGV[3] then return {"late"} end
if atMs < startsAtMs - ARGV[3] then return {"early"} end
if tonumber(redis.call("GET", KEYS[2]) or "0") >= tonumber(ARGV[5]) then return {"full"} end
local before = redis.call("HLEN", KEYS[3])
redis.call("SET", KEYS[4], "1", "PX", ARGV[4])
for at = 6, #ARGV, 2 do fold(ARGV[at], ARGV[at + 1]) end
redis.call("ZADD", KEYS[1], ARGV[1], ARGV[1])
redis.call("INCRBY", KEYS[2], redis.call("HLEN", KEYS[3]) - before)
return backlog("accepted")`;

/** Adds: "5" is added to what the sink has, "r5" to 0. */
export const acceptAddsScript = accept(`
local function fold(key, change)
  local held = redis.call("HGET", KEYS[3], key) or "0"
  if string.sub(change, 1, 1) == "r" then
    redis.call("HSET", KEYS[3], key, change)
  elseif string.sub(held, 1, 1) == "r" then
    redis.call("HSET", KEYS[3], key, "r" .. string.format("%.0f", string.sub(held, 2) + change))
  else
    redis.call("HINCRBY", KEYS[3], key, change)
  end
end`);

/** Puts: each begins with its sequence, and the highest stays. */
export const acceptPutsScript = accept(`
local function fold(key, change)
  local held = redis.call("HGET", KEYS[3], key) or "0"
  if tonumber(string.match(change, "^%d+")) > tonumber(string.match(held, "^%d+")) then
    redis.call("HSET", KEYS[3], key, change)
  end
end`);

/** KEYS: index. ARGV: sliceMs, restMs. @returns the slice and its keys, or an empty list */
export const restedScript = `${clock}${slices}
local atMs = nowMs()
for _, slice in ipairs(slicesAt(atMs, ARGV[1])) do
  if atMs < (slice + 1) * ARGV[1] + ARGV[2] then return {} end
  local keys = redis.call("HKEYS", KEYS[1] .. ":" .. slice)
  if #keys > 0 then return {slice, keys} end
  redis.call("ZREM", KEYS[1], slice)
end
return {}`;

/** KEYS: the slice. ARGV: bytes for a chunk, keys. @returns texts of the first keys that have room */
export const changesScript = `
local texts, bytes = {}, 0
if redis.call("EXISTS", KEYS[1]) == 0 then return texts end
for at, text in ipairs(redis.call("HMGET", KEYS[1], unpack(ARGV, 2))) do
  bytes = bytes + #(text or "") + #ARGV[at + 1]
  if at > 1 and bytes > tonumber(ARGV[1]) then break end
  texts[at] = text or ""
end
return texts`;

/** KEYS: index, count, the slice. ARGV: slice. Without slices the count begins anew. */
export const dropScript = `${backlog}
redis.call("DECRBY", KEYS[2], redis.call("HLEN", KEYS[3]))
redis.call("DEL", KEYS[3])
redis.call("ZREM", KEYS[1], ARGV[1])
if redis.call("ZCARD", KEYS[1]) == 0 then redis.call("DEL", KEYS[2]) end
return backlog("dropped")`;

/** KEYS: index. ARGV: sliceMs, keys. @returns of each slice its number and texts */
export const readScript = `${clock}${slices}
local found = {}
for _, slice in ipairs(slicesAt(nowMs(), ARGV[1])) do
  table.insert(found, {slice, redis.call("HMGET", KEYS[1] .. ":" .. slice, unpack(ARGV, 2))})
end
return found`;
