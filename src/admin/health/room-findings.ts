// Findings on the databases' room: nearly full, full, evicting, or of unknown size.
import { isoOf } from "../../base/iso-date.ts";
import { evicts, evictsAnyKey } from "../../redis/database-info.ts";
import { pausedFromRatio } from "../../redis/database-room.ts";
import { type Finding, percentOf } from "../../protocol/finding.ts";
import type { ClientState, DatabaseName, SiteState, RoomState } from "./site-state.ts";

/** Earlier evictions are ignored. */
const evictionMs = 10 * 60_000;

/** At most one finding per database: nearly full, full, evicting the journal, or of unknown size. */
export function roomFindings({ rooms = [], clients, atMs }: SiteState): Finding[] {
  return rooms.flatMap((room) => {
    if (evicts(room.info)) return evictingJournal(room, atMs);
    if (isFullFor(room.database, clients)) return [];
    return room.info.usedRatio === null ? sizeUnknown(room) : nearlyFull(room, room.info.usedRatio);
  });
}

/** Returns whether a client got errors from a full database. Such errors have a finding of their own. */
function isFullFor(database: DatabaseName, clients: readonly ClientState[]): boolean {
  return clients.some(
    ({ database: of, troubleWithWrites: last }) =>
      of === database && last?.kind === "full" && !last.isOver,
  );
}

/** Warns of a nearly full or full database without eviction. A full database rejects writes. */
function nearlyFull({ database, holdsJournal }: RoomState, ratio: number): Finding | [] {
  if (ratio < pausedFromRatio) return [];
  const isAllUsed = ratio >= 1;
  const refused = [
    ...(holdsJournal ? ["purges"] : []),
    ...(storesPages(database) ? ["new pages and values"] : []),
  ].join(" and ");
  const paused = storesPages(database)
    ? " New pages and values are not stored in Redis until there is room."
    : "";
  return {
    code: isAllUsed ? "redis-full" : "redis-nearly-full",
    level: isAllUsed ? "critical" : "warning",
    what: isAllUsed
      ? `The ${database} is full: it refuses ${refused}.`
      : `The ${database} is nearly full. Once it is full, it refuses ${refused}.${paused}`,
    since: null,
    cause: `${percentOf(ratio)} of its room is used, and eviction is off.`,
    remedy:
      database === "database" && holdsJournal
        ? "Make room in the database, or raise its size. Give the purge journal a database of its own (JOURNAL_REDIS_REST_URL)."
        : "Make room in the database, or raise its size.",
  };
}

/**
 * Warns if the journal may be evicted. Its key has no expiry, and its loss purges everything.
 * Eviction is harmless in a database without the journal, and under policies that spare keys
 * without an expiry.
 */
function evictingJournal(
  { database, holdsJournal, info, evictedAtMs }: RoomState,
  atMs: number,
): Finding | [] {
  if (!holdsJournal || !evictsAnyKey(info)) return [];
  // Without a memory limit, a server evicts nothing.
  const isRising = evictedAtMs !== undefined && Math.abs(atMs - evictedAtMs) < evictionMs;
  if (info.usedRatio === null && !isRising) return [];
  const room = info.usedRatio === null ? "" : ` ${percentOf(info.usedRatio)} of its room is used.`;
  const then = "If it evicts the purge journal, Tidemark treats every stored response as purged.";
  return {
    code: "redis-evicting",
    level: "critical",
    what: isRising
      ? `The ${database} evicts keys. ${then}`
      : `The ${database} will evict keys once it is full. ${then}`,
    since: isRising ? isoOf(evictedAtMs) : null,
    cause: `Eviction is on: the policy of the database is ${policyOf(info.policy)}.${room}`,
    remedy:
      "Turn eviction off for this database (noeviction), or give the purge journal a database of its own (JOURNAL_REDIS_REST_URL).",
  };
}

/** Warns that writes cannot pause before the database is full, because its size is unknown. */
function sizeUnknown({ database, holdsJournal, info }: RoomState): Finding | [] {
  if (!storesPages(database) || !holdsJournal || info.usedBytes === null) return [];
  return {
    code: "redis-size-unknown",
    level: "info",
    what: "The size limit of the database is unknown. Pages can fill it, and then it refuses purges.",
    since: null,
    cause: "INFO reports no maxmemory, and the configuration has no limits.databaseBytes.",
    remedy:
      "Set limits.databaseBytes to the size of the plan, or give the purge journal a database of its own (JOURNAL_REDIS_REST_URL).",
  };
}

const storesPages = (database: DatabaseName) => database !== "journal's database";

/** Returns the policy if it looks like the name of a Redis eviction policy. Other text is not shown. */
const policyOf = (policy: string | null) =>
  policy !== null && /^[a-z-]{1,40}$/.test(policy) ? policy : "unknown";
