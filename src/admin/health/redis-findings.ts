// Findings on the databases: errors seen by the shared tier and the journal, and wrong clocks.
import { remedyOf, type RemoteTrouble, whyOf } from "../../remote/trouble.ts";
import { isoOf } from "../../base/iso-date.ts";
import type { Trouble } from "../../observe/condition.ts";
import { type Finding, type FindingCode, spanOf } from "../../protocol/finding.ts";
import type { ClientState, SiteState } from "./site-state.ts";

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
  "wrong-type": "redis-wrong-type",
  "unknown-command": "redis-refused",
  "not-upstash": "redis-not-upstash",
  "too-large": "redis-refused",
  refused: "redis-refused",
  "platform-limit": "subrequests-spent",
  failed: "redis-refused",
} as const satisfies Record<RemoteTrouble, FindingCode>;

/** Failures of these kinds cost little until the client is shut off. */
const passing: readonly RemoteTrouble[] = ["unreachable", "not-open", "timeout", "busy"];

/** A current trouble of one client. */
interface CurrentTrouble {
  readonly client: ClientState;
  readonly trouble: Trouble<RemoteTrouble>;
  readonly of: "use" | "write to";
}

/** One finding per trouble, use and database, even if both Redis clients have that trouble. */
export function redisTroubles({ clients }: SiteState): Finding[] {
  const troubles = clients.flatMap((client): CurrentTrouble[] => [
    ...lasting(client, client.trouble, "use"),
    ...lasting(client, client.troubleWithWrites, "write to"),
  ]);
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
  const code = database === "Durable Object" ? "object-unavailable" : codes[kind];
  const isShutOff = troubles.some(({ client }) => client.isShutOff || client.refusesWrites);
  const isPassing = !isShutOff && passing.includes(kind);
  const names = troubles.map(({ client }) => `the ${client.name}`).join(" and ");
  const lastly = troubles.map(
    ({ client, trouble }) => `the ${client.name} at ${isoOf(trouble.lastAtMs)}`,
  );
  return {
    code,
    level: isPassing ? "warning" : "critical",
    what: isPassing
      ? `${capital(names)} got no answer from the ${database} at the last try.`
      : `${capital(names)} cannot ${first.of} the ${database}.`,
    since: isoOf(Math.min(...troubles.map(({ trouble }) => trouble.sinceAtMs))),
    cause: `${whyOf(kind, words)}.`,
    remedy: remedyOf(kind, words),
    details: `The last failure: ${lastly.join(", and ")}.`,
  };
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** If clocks differ by more than A, a purge may miss responses, or cover responses that it should not. */
export function clocksApart({ clock, allowanceMs }: SiteState): Finding | [] {
  if (clock === undefined) return [];
  const { aheadMs, uncertainMs } = clock;
  if (Math.abs(aheadMs) - uncertainMs <= allowanceMs) return [];
  const side = aheadMs > 0 ? "ahead of" : "behind";
  return {
    code: "clocks-apart",
    level: "critical",
    what: `The database's clock is ${spanOf(Math.abs(aheadMs))} ${side} this isolate's.`,
    since: null,
    cause: `The clock of the database's server, or of this machine, is wrong. The difference is more than the clock allowance A, ${spanOf(allowanceMs)}.`,
    remedy: "Set both clocks by NTP. On Cloudflare with Upstash, contact the support of Upstash.",
  };
}
