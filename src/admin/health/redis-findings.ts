// Findings on the database: what it answered to the shared tier and to the journal, its room, its clock.
import { isoOf } from "../../iso-date.ts";
import type { Trouble } from "../../observe/condition.ts";
import { remedyOf, type RedisTrouble, whyOf } from "../../redis/trouble.ts";
import { type Finding, type FindingCode, percentOf, spanOf } from "./finding.ts";
import type { ClientLooked, Looked } from "./looked.ts";

const codes = {
  "token-refused": "redis-credentials",
  forbidden: "redis-credentials",
  unreachable: "redis-unreachable",
  timeout: "redis-slow",
  busy: "redis-busy",
  full: "redis-full",
  "read-only": "redis-read-only",
  "plan-used-up": "redis-plan-used-up",
  "wrong-type": "redis-wrong-type",
  "not-upstash": "redis-not-upstash",
  "too-large": "redis-refused",
  refused: "redis-refused",
  failed: "redis-refused",
} as const satisfies Record<RedisTrouble, FindingCode>;

/** Until the database is shut off, a failure of these kinds costs hardly anything. */
const passing: readonly FindingCode[] = ["redis-unreachable", "redis-slow", "redis-busy"];

/** A trouble that one client met, and that is not over yet. */
interface Met {
  readonly client: ClientLooked;
  readonly trouble: Trouble<RedisTrouble>;
  readonly of: "use" | "write to";
}

/** One finding for each kind of trouble, also where both clients met it. */
export function redisTroubles({ clients }: Looked): Finding[] {
  const met = clients.flatMap((client): Met[] => [
    ...lasting(client, client.trouble, "use"),
    ...lasting(client, client.troubleWithWrites, "write to"),
  ]);
  const byKind = new Map<string, Met[]>();
  for (const one of met) {
    const kind = `${one.trouble.kind} ${one.of}`;
    byKind.set(kind, [...(byKind.get(kind) ?? []), one]);
  }
  return [...byKind.values()].flatMap(troubleFinding);
}

function lasting(client: ClientLooked, trouble: Met["trouble"] | undefined, of: Met["of"]): Met[] {
  return trouble === undefined || trouble.isOver ? [] : [{ client, trouble, of }];
}

/** @param met of one kind */
function troubleFinding(met: readonly Met[]): Finding[] {
  const [first] = met;
  if (first === undefined) return [];
  const { kind } = first.trouble;
  const code = codes[kind];
  const isShutOff = met.some(({ client }) => client.isShutOff || client.refusesWrites);
  const isPassing = !isShutOff && passing.includes(code);
  const names = met.map(({ client }) => `the ${client.name}`).join(" and ");
  const lastly = met.map(
    ({ client, trouble }) => `the ${client.name} at ${isoOf(trouble.lastAtMs)}`,
  );
  return [
    {
      code,
      level: isPassing ? "warning" : "critical",
      what: isPassing
        ? `${capital(names)} got no answer from the database at the last try.`
        : `${capital(names)} cannot ${first.of} the database.`,
      since: isoOf(Math.min(...met.map(({ trouble }) => trouble.sinceAtMs))),
      cause: `${whyOf(kind)}.`,
      remedy: remedyOf(kind),
      told: `The last such failure was met by ${lastly.join(", and by ")}.`,
    },
  ];
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** From here on an operator has to act. */
const nearlyFullRatio = 0.9;
/** An older look says nothing about the present. */
const evictionMs = 10 * 60_000;

const mayEvict = (policy: string | null) => policy !== null && policy !== "noeviction";

/** A full database that evicts nothing refuses writes. */
export function redisNearlyFull({ info, clients }: Looked): Finding[] {
  const isFull = clients.some(
    ({ troubleWithWrites: last }) => last?.kind === "full" && !last.isOver,
  );
  const ratio = info?.usedRatio ?? 0;
  if (info === undefined || isFull || mayEvict(info.policy) || ratio < nearlyFullRatio) return [];
  // Nobody has tried to write since it is full, so no client has met it.
  const isAllUsed = ratio >= 1;
  return [
    {
      code: isAllUsed ? "redis-full" : "redis-nearly-full",
      level: isAllUsed ? "critical" : "warning",
      what: isAllUsed
        ? "The database is full: it refuses purges and what is to be stored."
        : "The database is nearly full. Once it is, it refuses purges and what is to be stored.",
      since: null,
      cause: `${percentOf(ratio)} of its room is used, and eviction is off.`,
      remedy: "Make room in the database, or raise its size.",
    },
  ];
}

/** The journal is a key without an expiry. After its eviction, all that is stored counts as purged. */
export function redisEvicting({ info, evictedAtMs, atMs }: Looked): Finding[] {
  if (info === undefined || !mayEvict(info.policy)) return [];
  const isRising = evictedAtMs !== undefined && Math.abs(atMs - evictedAtMs) < evictionMs;
  const ratio = info.usedRatio ?? 0;
  if (!isRising && ratio < nearlyFullRatio) return [];
  const room = info.usedRatio === null ? "" : ` ${percentOf(ratio)} of its room is used.`;
  return [
    {
      code: "redis-evicting",
      level: isRising ? "critical" : "warning",
      what: isRising
        ? "The database evicts keys. If it evicts the purge journal, all that is stored counts as purged."
        : "The database will soon evict keys. If it evicts the purge journal, all that is stored counts as purged.",
      since: isRising ? isoOf(evictedAtMs) : null,
      cause: `Eviction is on: the policy of the database is ${policyOf(info.policy)}.${room}`,
      remedy: "Turn eviction off for the database (noeviction), and make room in it.",
    },
  ];
}

/** One of the names that Redis has for its policies; any other text is not shown. */
const policyOf = (policy: string | null) =>
  policy !== null && /^[a-z-]{1,40}$/.test(policy) ? policy : "unknown";

/** With more than A between them, a purge may count as older than a response that it covers, or as newer than one that it does not cover. */
export function clocksApart({ clock, allowanceMs }: Looked): Finding[] {
  if (clock === undefined) return [];
  const { aheadMs, uncertainMs } = clock;
  if (Math.abs(aheadMs) - uncertainMs <= allowanceMs) return [];
  const side = aheadMs > 0 ? "ahead of" : "behind";
  return [
    {
      code: "clocks-apart",
      level: "critical",
      what: `The database's clock is ${spanOf(Math.abs(aheadMs))} ${side} this isolate's.`,
      since: null,
      cause: `The clock of the database's server, or of this machine, is wrong. The difference is more than the clock allowance A, ${spanOf(allowanceMs)}.`,
      remedy:
        "Set both clocks by NTP. On Cloudflare with Upstash, write to the support of Upstash.",
    },
  ];
}
