// The Lua scripts that read the journal in one state of one server. A replica may run them. A transaction is
// unsuitable, because a full Redis rejects even transactions that only read.
import { listIn } from "../../../base/json-text.ts";
import { epochSize, firstEpochs } from "../../../purge/journal/epoch.ts";
import { type EpochsRead, pageCount, replyBytesMax } from "../../../purge/journal/journal.ts";
import { epochsIn, keysLua, lastLua, lineagesLua, proofLua } from "./journal-scripts.ts";

/** The maximum characters of the epochs that come with the newest page, if they are more than one. */
const headCharsMax = 65_536;

/**
 * Defines `beginning`, which returns the newest page, the switch, the release, and the number of the first of the newest epochs,
 * whose fields follow. A page with all entries needs no epochs. The number is -1 if there are none.
 */
export const beginningLua = `
local function headOf(page)
  local number = #page >= ${pageCount} and numberIn(nIn(page))
  if not number then return {-1} end
  local last = math.floor((number - 1) / ${epochSize})
  local first, fields, chars = math.max(0, last - ${firstEpochs - 1}), {}, 0
  for epoch = first, last do
    fields[#fields + 1] = tostring(epoch)
    fields[#fields + 1] = "n" .. epoch
  end
  local texts = redis.call("HMGET", lineagesKey, unpack(fields))
  for at = #texts, 1, -2 do
    chars = chars + #(texts[at] or "") + #(texts[at - 1] or "")
    if chars > ${headCharsMax} and at < #texts then return {first + at / 2, unpack(texts, at + 1)} end
  end
  return {first, unpack(texts)}
end
local function beginning()
  local page = redis.call("XREVRANGE", journalKey, "+", "-", "COUNT", ${pageCount})
  return {page, redis.call("GET", switchKey), redis.call("GET", releasedKey), headOf(page)}
end`;

/** Returns `beginning`. KEYS: `journalKeys`. */
export const newestScript = `${keysLua}${lastLua}${lineagesLua}${beginningLua}
return beginning()`;

/** Returns the proof of one entry, and `beginning`. KEYS: `journalKeys`. ARGV: the `n` of the entry. */
export const checkScript = `${proofLua}${beginningLua}
return {proofOf(ARGV[1]), unpack(beginning())}`;

/**
 * Returns all entries from a position on, or none if they have too many characters. KEYS: the journal. ARGV: the position.
 */
export const catchUpScript = `
local entries, chars, from = {}, 0, ARGV[1]
repeat
  local page = redis.call("XRANGE", KEYS[1], from, "+", "COUNT", ${pageCount})
  for _, entry in ipairs(page) do
    entries[#entries + 1] = entry
    chars = chars + #table.concat(entry[2])
  end
  if chars > ${replyBytesMax} then return {} end
  from = page[1] and "(" .. page[#page][1]
until #page < ${pageCount}
return entries`;

/** Returns the epochs in the last part of a reply of `beginning`; `undefined` if there are none. */
export function headIn(reply: unknown): EpochsRead | undefined {
  const [first, ...texts] = listIn(reply);
  if (typeof first !== "number" || first < 0) return undefined;
  return { first, epochs: epochsIn(texts, texts.length / 2) };
}
