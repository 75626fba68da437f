// Findings on the database: what it answered to the shared tier and to the journal, its room, its clock.
import type { Trouble } from "../../observe/condition.ts";
import { remedyOf, type RedisTrouble, whyOf } from "../../redis/trouble.ts";
import { type Finding, type FindingCode, isoOf, percentOf, spanOf } from "./finding.ts";
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

/** As long as nothing is shut off, one failure of these costs hardly anything. */
const passing: readonly FindingCode[] = ["redis-unreachable", "redis-slow", "redis-busy"];

/** What one client met, and has not ended yet. */
interface Met {
  readonly client: ClientLooked;
  readonly trouble: Trouble<RedisTrouble>;
  readonly of: "use" | "write to";
}

/** One for each kind of trouble, whoever met it. */
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
      told: `It last answered so, or not at all, to ${lastly.join(", and to ")}.`,
    },
  ];
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** From here on an operator has to act. */
const nearlyFullRatio = 0.9;
/** What was seen longer ago says nothing of now. */
const evictionMs = 10 * 60_000;

const mayEvict = (policy: string | null) => policy !== null && policy !== "noeviction";

/** A database that lets nothing go refuses writes once it is full. */
export function redisNearlyFull({ info, clients }: Looked): Finding[] {
  const isFull = clients.some(
    ({ troubleWithWrites: last }) => last?.kind === "full" && !last.isOver,
  );
  const ratio = info?.usedRatio ?? 0;
  if (info === undefined || isFull || mayEvict(info.policy) || ratio < nearlyFullRatio) return [];
  return [
    {
      code: "redis-nearly-full",
      level: "warning",
      what: "The database is nearly full. Once it is, it refuses purges and what is to be stored.",
      since: null,
      cause: `${percentOf(ratio)} of its room is used, and it is set to let nothing go.`,
      remedy: "Make room in the database, or raise its size.",
    },
  ];
}

/** The journal is a key without an expiry: once it goes, all that is stored counts as purged. */
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
        ? "The database lets keys go. If it lets the journal go, all that is stored counts as purged."
        : "The database is about to let keys go. If it lets the journal go, all that is stored counts as purged.",
      since: isRising ? isoOf(evictedAtMs) : null,
      cause: `Eviction is on: its policy is ${policyOf(info.policy)}.${room}`,
      remedy: "Turn eviction off for the database (noeviction), and make room in it.",
    },
  ];
}

/** A name of Redis', or nothing that could be told. */
const policyOf = (policy: string | null) =>
  policy !== null && /^[a-z-]{1,40}$/.test(policy) ? policy : "unknown";

/** Beyond A, a purge may count as older than what it covers, or the other way round. */
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
      cause: `The clock of the database's server, or of this machine, is off by more than the allowance A of ${spanOf(allowanceMs)}.`,
      remedy: "Set both clocks by NTP. On Cloudflare with Upstash, tell the support of Upstash.",
    },
  ];
}
