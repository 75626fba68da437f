// Writes records unless Redis has newer ones (docs/internals/purge-protocol-data.md, rule 28).
import { type NewerRecords, type Provenance, recentMsMax } from "../../cache/record/record.ts";
import { lastLua } from "./journal/journal-scripts.ts";
import { newerLua } from "./journal/record-scripts.ts";

/**
 * Returns for each record `OK`; `not-at-end` if the record's stamp is not the journal's last entry; `newer` if a
 * newer record is stored; nothing if there is no record and only an existing record may be replaced. If the stamp is the
 * last entry, no record is newer: the journal has lost any later place. KEYS: the records, and the journal if the stamps
 * must be its last entry. ARGV: `unlessNewerArgs` of each record.
 */
export const unlessNewerScript = `${lastLua}${newerLua}
local journal = KEYS[#ARGV / 2 + 1]
local newest = journal and nIn(lastOf(journal))
local function written(record, text, px, xx, n, ...)
  if newest and (newest == "" or newest ~= n) then return "not-at-end" end
  if not newest and isNewer(headOf(record), ...) then return "newer" end
  if xx == "XX" and redis.call("EXISTS", record) == 0 then return false end
  return redis.call("SET", record, text, "PX", px)
end
local results = {}
for at = 1, #ARGV / 2 do
  results[at] = written(KEYS[at], ARGV[2 * at], unpack(cjson.decode(ARGV[2 * at - 1])))
end
return results`;

/**
 * Returns the arguments of a record for `unlessNewerScript`. One has all others, because each argument costs the
 * client time.
 */
export function unlessNewerArgs({
  text,
  keepMs,
  xx,
  n = "",
  newer,
}: {
  readonly text: string;
  /** The expiry in milliseconds. */
  readonly keepMs: number;
  /** `XX` to replace only an existing record; else empty. */
  readonly xx: string;
  /** The `n` of the stamp, with the journal's key. */
  readonly n?: string | undefined;
  /** `newerArgs`. */
  readonly newer: readonly string[];
}): readonly [options: string, text: string] {
  return [JSON.stringify([String(keepMs), xx, n, ...newer]), text];
}

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
