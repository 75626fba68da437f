// Findings on the room of the databases: how full they are, what they evict, and whether anybody knows.
import { isoOf } from "../../base/iso-date.ts";
import { evicts, evictsAnyKey } from "../../redis/database-info.ts";
import { pausedFromRatio } from "../../redis/database-room.ts";
import { type Finding, percentOf } from "../../protocol/finding.ts";
import type { ClientLooked, DatabaseName, Looked, RoomLooked } from "./looked.ts";

/** An older look says nothing about the present. */
const evictionMs = 10 * 60_000;

/** Nearly full, full, evicting the journal, or of an unknown size: one at most for each database. */
export function roomFindings({ rooms = [], clients, atMs }: Looked): Finding[] {
  return rooms.flatMap((room) => {
    if (evicts(room.info)) return evictingJournal(room, atMs);
    if (isFullFor(room.database, clients)) return [];
    return room.info.usedRatio === null ? sizeUnknown(room) : nearlyFull(room, room.info.usedRatio);
  });
}

/** Then a client has met it, which is a finding of its own. */
function isFullFor(database: DatabaseName, clients: readonly ClientLooked[]): boolean {
  return clients.some(
    ({ database: of, troubleWithWrites: last }) =>
      of === database && last?.kind === "full" && !last.isOver,
  );
}

/** A full database that evicts nothing refuses writes. */
function nearlyFull({ database, holdsJournal }: RoomLooked, ratio: number): Finding[] {
  if (ratio < pausedFromRatio) return [];
  const isAllUsed = ratio >= 1;
  const refused = [
    ...(holdsJournal ? ["purges"] : []),
    ...(database === "database" ? ["what is to be stored"] : []),
  ].join(" and ");
  const paused =
    database === "database"
      ? " New pages and values are not stored in Redis until there is room."
      : "";
  return [
    {
      code: isAllUsed ? "redis-full" : "redis-nearly-full",
      level: isAllUsed ? "critical" : "warning",
      what: isAllUsed
        ? `The ${database} is full: it refuses ${refused}.`
        : `The ${database} is nearly full. Once it is, it refuses ${refused}.${paused}`,
      since: null,
      cause: `${percentOf(ratio)} of its room is used, and eviction is off.`,
      remedy:
        database === "database" && holdsJournal
          ? "Make room in the database, or raise its size. Give the purge journal a database of its own (JOURNAL_REDIS_REST_URL)."
          : "Make room in the database, or raise its size.",
    },
  ];
}

/**
 * The journal is a key without an expiry. After its eviction, all that is stored counts as purged. A
 * database of records alone may evict them, and so may one that spares keys without an expiry.
 */
function evictingJournal(
  { database, holdsJournal, info, evictedAtMs }: RoomLooked,
  atMs: number,
): Finding[] {
  if (!holdsJournal || !evictsAnyKey(info)) return [];
  // Without a bound, a server evicts nothing.
  const isRising = evictedAtMs !== undefined && Math.abs(atMs - evictedAtMs) < evictionMs;
  if (info.usedRatio === null && !isRising) return [];
  const room = info.usedRatio === null ? "" : ` ${percentOf(info.usedRatio)} of its room is used.`;
  const then = "If it evicts the purge journal, all that is stored counts as purged.";
  return [
    {
      code: "redis-evicting",
      level: "critical",
      what: isRising
        ? `The ${database} evicts keys. ${then}`
        : `The ${database} will evict keys once it is full. ${then}`,
      since: isRising ? isoOf(evictedAtMs) : null,
      cause: `Eviction is on: the policy of the database is ${policyOf(info.policy)}.${room}`,
      remedy:
        "Turn eviction off for this database (noeviction), or give the purge journal a database of its own (JOURNAL_REDIS_REST_URL).",
    },
  ];
}

/** Nothing can pause before such a database is full. */
function sizeUnknown({ database, holdsJournal, info }: RoomLooked): Finding[] {
  if (database !== "database" || !holdsJournal || info.usedBytes === null) return [];
  return [
    {
      code: "redis-size-unknown",
      level: "info",
      what: "Nobody knows how large the database may become. Pages can fill it, and then it refuses purges.",
      since: null,
      cause: "INFO tells no maxmemory, and the configuration has no limits.databaseBytes.",
      remedy:
        "Set limits.databaseBytes to the size of the plan, or give the purge journal a database of its own (JOURNAL_REDIS_REST_URL).",
    },
  ];
}

/** One of the names that Redis has for its policies; any other text is not shown. */
const policyOf = (policy: string | null) =>
  policy !== null && /^[a-z-]{1,40}$/.test(policy) ? policy : "unknown";
