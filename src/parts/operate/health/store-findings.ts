// Findings on the stores: errors seen by the tiers and the journal, wrong clocks, and free space.
import { isoOf } from "../../../base/iso-date.ts";
import type { Trouble } from "../../../observe/condition.ts";
import { type RemoteTrouble, wordsOf } from "../../../remote/trouble.ts";
import type { Finding, FindingCase, FindingCode } from "../../../protocol/finding.ts";
import type { ClientState, DatabaseName, RoomState, SiteState } from "./site-state.ts";
import { evicts, evictsAnyKey } from "../../../remote/redis/database-info.ts";
import { pausedFromRatio } from "../../../remote/redis/database-room.ts";

const codes = {
  "token-refused": "redis-credentials",
  forbidden: "redis-credentials",
  unreachable: "redis-unreachable",
  "not-open": "redis-unreachable",
  subscribed: "redis-unreachable",
  timeout: "redis-slow",
  busy: "redis-busy",
  full: "redis-full",
  "read-only": "redis-read-only",
  "not-permitted": "redis-read-only",
  "plan-used-up": "redis-plan-used-up",
  "wrong-type": "redis-refused",
  "not-saving": "redis-read-only",
  "few-replicas": "redis-read-only",
  "needs-cluster": "redis-refused",
  "unknown-command": "redis-refused",
  "not-upstash": "redis-refused",
  "too-large": "redis-refused",
  refused: "redis-refused",
  "other-version": "object-version",
  "platform-limit": "subrequests-spent",
  failed: "redis-refused",
} as const satisfies Record<RemoteTrouble, FindingCode>;

/** Failures of these kinds cost little until the breaker of the client opens. */
const passing: readonly RemoteTrouble[] = ["unreachable", "not-open", "timeout", "busy"];

/** A current trouble of one client. */
interface CurrentTrouble {
  readonly client: ClientState;
  readonly trouble: Trouble<RemoteTrouble>;
  readonly of: "use" | "write to";
}

/** One finding per trouble, use and database, even if both Redis clients have that trouble. */
export function redisTroubles({ clients }: SiteState): Finding[] {
  const troubles = clients.flatMap((client): CurrentTrouble[] => {
    const uses = lasting(client, client.trouble, "use");
    const writes = lasting(client, client.troubleWithWrites, "write to");
    const isSame = writes[0]?.trouble.kind === uses[0]?.trouble.kind;
    return isSame ? uses : [...uses, ...writes];
  });
  const byKind = new Map<string, CurrentTrouble[]>();
  for (const one of troubles) {
    const kind = `${one.trouble.kind} ${one.of} ${one.client.database}`;
    byKind.set(kind, [...(byKind.get(kind) ?? []), one]);
  }
  return [...byKind.values()].flatMap(troubleFinding);
}

function lasting(
  client: ClientState,
  trouble: CurrentTrouble["trouble"] | undefined,
  of: CurrentTrouble["of"],
): CurrentTrouble[] {
  return trouble === undefined || trouble.isOver ? [] : [{ client, trouble, of }];
}

/** @param troubles of one kind */
function troubleFinding(troubles: readonly CurrentTrouble[]): Finding | [] {
  const [first] = troubles;
  if (first === undefined) return [];
  const { kind } = first.trouble;
  const { database, words } = first.client;
  const isUnavailable = database.endsWith("Durable Object") && kind !== "other-version";
  const code = isUnavailable ? "object-unavailable" : codes[kind];
  const isBreakerOpen = troubles.some(({ client }) => client.isBreakerOpen || client.refusesWrites);
  const isPassing = !isBreakerOpen && passing.includes(kind);
  const names = troubles.map(({ client }) => `the ${client.name}`).join(" and ");
  const failures = troubles.map(
    ({ client, trouble }) => `${client.name} at ${isoOf(trouble.lastAtMs)}`,
  );
  return {
    code,
    case: isPassing ? "store-passing" : "store-fails",
    level: isPassing || database === "metrics' Durable Object" ? "warning" : "critical",
    since: isoOf(Math.min(...troubles.map(({ trouble }) => trouble.sinceAtMs))),
    values: { clients: names, use: first.of, database, ...wordsOf(kind, words), failures },
  };
}

/** If clocks differ by more than A, a purge may miss responses, or cover responses that it should not. */
export function clocksApart({ clock, allowanceMs }: SiteState): Finding | [] {
  if (clock === undefined) return [];
  const { aheadMs, uncertainMs } = clock;
  if (Math.abs(aheadMs) - uncertainMs <= allowanceMs) return [];
  return {
    code: "clocks-apart",
    level: "critical",
    since: null,
    values: { apartMs: aheadMs, side: aheadMs > 0 ? "ahead of" : "behind", allowanceMs },
  };
}

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
  const refuses = [
    ...(holdsJournal ? ["purges"] : []),
    ...(storesPages(database) ? ["new pages and values"] : []),
  ].join(" and ");
  return {
    code: isAllUsed ? "redis-full" : "redis-nearly-full",
    level: isAllUsed ? "critical" : "warning",
    since: null,
    values: { database, refuses, usedShare: ratio },
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
  return {
    code: "redis-evicting",
    level: "critical",
    since: isRising ? isoOf(evictedAtMs) : null,
    values: {
      database,
      policy: policyOf(info.policy),
      ...(info.usedRatio !== null && { usedShare: info.usedRatio }),
    },
  };
}

/** Warns that writes cannot pause before the database is full, because its size is unknown. */
function sizeUnknown({ database, holdsJournal, info }: RoomState): Finding | [] {
  if (!storesPages(database) || !holdsJournal || info.usedBytes === null) return [];
  return {
    code: "redis-size-unknown",
    level: "info",
    since: null,
  };
}

const storesPages = (database: DatabaseName) => database !== "journal's database";

/** Returns the policy if it looks like the name of a Redis eviction policy. Other text is not shown. */
const policyOf = (policy: string | null) =>
  policy !== null && /^[a-z-]{1,40}$/.test(policy) ? policy : "unknown";

/** Returns one finding for each tier that fails, for as long as its last call has failed. */
export function tiersFail({ tiers }: SiteState): Finding[] {
  // Tiers are instances with getters, which a spread would lose.
  const all = tiers.flatMap(({ bodies, name, isBreakerOpen, trouble }) => [
    { name, isBreakerOpen, trouble },
    ...(bodies
      ? [{ name: "r2", isBreakerOpen: bodies.isBreakerOpen, trouble: bodies.trouble }]
      : []),
  ]);
  return all.flatMap(({ name, isBreakerOpen, trouble }): Finding[] => {
    const closer = tierCases[name];
    if (trouble === undefined || trouble.isOver || closer === undefined) return [];
    const { kind, why, remedy, sinceAtMs } = trouble;
    const state = isBreakerOpen ? "has an open circuit breaker" : "failed at the last try";
    return [
      {
        code: kind === "other-version" ? "object-version" : "tier-failing",
        case: closer,
        level: "warning",
        about: `tier ${JSON.stringify(name)}`,
        since: isoOf(sinceAtMs),
        values: { state, why, ...(remedy !== undefined && { hint: remedy }) },
      },
    ];
  });
}

/** The tiers, and the store of large bodies. Memory does not fail, and Redis has its own findings. */
const tierCases: Readonly<Record<string, FindingCase>> = {
  edge: "tier-edge",
  shared: "tier-shared",
  r2: "tier-r2",
};
