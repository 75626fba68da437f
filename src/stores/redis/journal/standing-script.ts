// The Lua script that reads accepted entries back (docs/internals/purge-protocol.md, rule 22), and its reply.
import { listIn } from "../../../base/json-text.ts";
import { comparePositions, entriesOf, type EntryId } from "../../../purge/journal/entry.ts";
import type { PlaceState } from "../../../purge/journal/journal.ts";
import { proofLua, proofsIn } from "./journal-scripts.ts";

/** The reply of `standingScript` for an entry that the journal has. */
const standing = 3;

/**
 * Returns for each place `standing` if the journal has the entry there, else its proof; and unless all stand, the
 * number of entries and the oldest one. KEYS: the first two of `journalKeys`, and a key that the script writes, so that no
 * replica runs it. ARGV: the position and the `n` of each place.
 */
export const standingScript = `${proofLua}
redis.call("SET", KEYS[#KEYS], 1, "PX", 1000)
local found, lacks = {}, false
for at = 1, #ARGV, 2 do
  local own = redis.call("XRANGE", journalKey, ARGV[at], ARGV[at])
  local stands = own[1] and nIn(own) == ARGV[at + 1]
  found[#found + 1] = stands and ${standing} or proofOf(ARGV[at + 1])
  lacks = lacks or not stands
end
if not lacks then return {found} end
return {found, redis.call("XLEN", journalKey), redis.call("XRANGE", journalKey, "-", "+", "COUNT", 1)}`;

/**
 * Returns the states of places in a reply of `standingScript` (rule 22). Trimming removes the oldest entries,
 * and leaves at least `kept`.
 */
export function statesIn(
  reply: unknown,
  places: readonly EntryId[],
  kept: number,
): readonly PlaceState[] {
  const [found, count, oldest] = listIn(reply);
  const [states, proved] = [listIn(found), proofsIn(found, places.length)];
  const [first] = entriesOf(oldest);
  const isFull = Number(count) >= kept;
  return places.map(({ position }, at) => {
    if (states[at] === standing) return "standing";
    const isOlder = comparePositions(position, first?.position ?? "0-0") < 0;
    return isFull && isOlder && proved[at] === "noted" ? "trimmed" : "gone";
  });
}
