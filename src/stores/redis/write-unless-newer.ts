// Writes a record unless Redis has a newer one (docs/purge-protocol-data.md, rule 28).
import { type NewerRecords, type Provenance, recentMsMax } from "../../cache/record/record.ts";
import { lastLua } from "./journal/journal-scripts.ts";
import { newerLua } from "./journal/record-scripts.ts";

/**
 * Returns `OK`; `not-at-end` if the record's stamp is not the journal's last entry; `newer` if a newer
 * record is stored; nothing if there is no record and only an existing record may be replaced. KEYS: the
 * record, and the journal if the stamp must be its last entry. ARGV: the record's text, its expiry in
 * milliseconds, `XX` or an empty string, `newerArgs`, and with a journal the `n` of the stamp.
 */
export const unlessNewerScript = `${lastLua}${newerLua}
local newest = KEYS[2] and last(KEYS[2])
if newest and (newest == "" or newest ~= ARGV[10]) then return "not-at-end" end
if isNewer(headOf(KEYS[1]), unpack(ARGV, 4, 9)) then return "newer" end
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
