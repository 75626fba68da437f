// Findings on the database: what it answered to the shared tier and to the journal, its room, its clock.
import { isoOf } from "../../base/iso-date.ts";
import type { Trouble } from "../../observe/condition.ts";
import { remedyOf, type RedisTrouble, whyOf } from "../../redis/trouble.ts";
import { type Finding, type FindingCode, spanOf } from "../../protocol/finding.ts";
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

/** One finding for each kind of trouble of a database, also where both clients met it. */
export function redisTroubles({ clients }: Looked): Finding[] {
  const met = clients.flatMap((client): Met[] => [
    ...lasting(client, client.trouble, "use"),
    ...lasting(client, client.troubleWithWrites, "write to"),
  ]);
  const byKind = new Map<string, Met[]>();
  for (const one of met) {
    const kind = `${one.trouble.kind} ${one.of} ${one.client.database}`;
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
  const { database, words } = first.client;
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
        ? `${capital(names)} got no answer from the ${database} at the last try.`
        : `${capital(names)} cannot ${first.of} the ${database}.`,
      since: isoOf(Math.min(...met.map(({ trouble }) => trouble.sinceAtMs))),
      cause: `${whyOf(kind, words)}.`,
      remedy: remedyOf(kind, words),
      told: `The last such failure was met by ${lastly.join(", and by ")}.`,
    },
  ];
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

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
