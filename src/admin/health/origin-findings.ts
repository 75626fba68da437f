// Findings on the origins, and whether any is left that could be asked.
import { isWithinMs } from "../../elapsed.ts";
import { type Finding, isoOf } from "./finding.ts";
import type { Looked, LookedHere } from "./looked.ts";

/** While requests come, a probe finds out every few seconds: what is older may be over. */
const downMs = 60_000;

/**
 * Nothing is answered but what is stored: each origin that a route leads to is not usable, or was
 * found down within the last minute.
 */
export function isUnable(looked: LookedHere): boolean {
  const { originNames, usableOrigins } = looked;
  return originNames.every((name) => !usableOrigins.has(name) || isDownNow(looked, name));
}

function isDownNow(looked: LookedHere, name: string): boolean {
  const lastAtMs = looked.originTroubles.get(name)?.lastAtMs;
  const isRecent = lastAtMs !== undefined && isWithinMs(downMs, lastAtMs, looked.atMs);
  return looked.originsShutOff.includes(name) && isRecent;
}

type OriginTrouble = Looked["originTroubles"] extends ReadonlyMap<string, infer One> ? One : never;

/** One for each origin that has not answered since it failed. */
export function originTroubles(looked: Looked): Finding[] {
  return [...looked.originTroubles]
    .filter(([, { isOver }]) => !isOver)
    .map(([name, trouble]) => {
      const isShutOff = looked.originsShutOff.includes(name);
      return isShutOff ? down(name, trouble, looked) : failing(name, trouble);
    });
}

const checkIt =
  "Look whether its server runs, and whether a firewall before it lets requests of Cloudflare pass.";
const speedItUp =
  "Look how busy its server is. If its pages need longer, raise originTimeout of the configuration.";

function down(name: string, trouble: OriginTrouble, looked: Looked): Finding {
  const asked = isDownNow(looked, name)
    ? "Only probes ask it, behind answers."
    : `Nobody has asked it since ${isoOf(trouble.lastAtMs)}.`;
  return {
    code: "origin-down",
    level: "critical",
    what: `Origin ${JSON.stringify(name)} is taken for down: what is not stored is answered with 503. ${asked}`,
    since: isoOf(trouble.sinceAtMs),
    cause: "Several of its paths failed, and so did a probe.",
    remedy: `${checkIt} Once it answers, a probe finds that out by itself.`,
    told: toldBy(trouble),
  };
}

function failing(name: string, trouble: OriginTrouble): Finding {
  const isSlow = trouble.kind === "timeout";
  return {
    code: isSlow ? "origin-slow" : "origin-unreachable",
    level: "warning",
    what: isSlow
      ? `Origin ${JSON.stringify(name)} did not answer in time.`
      : `Origin ${JSON.stringify(name)} could not be reached.`,
    since: isoOf(trouble.sinceAtMs),
    cause: isSlow
      ? "Its server is overloaded, or the page needs longer than originTimeout."
      : "Its server is down, or the way to it is cut.",
    remedy: isSlow ? speedItUp : checkIt,
    told: toldBy(trouble),
  };
}

const words = { unreachable: "could not be reached", timeout: "did not answer in time" } as const;

/** How often each happened since the isolate began. */
function toldBy({ counts, lastAtMs }: OriginTrouble): string {
  const parts = Object.entries(words)
    .map(([kind, said]) => ({ said, count: counts[kind as keyof typeof words] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ said, count }) => `it ${said} ${count === 1 ? "once" : `${count} times`}`);
  return `In this isolate ${parts.join(", and ")}, last at ${isoOf(lastAtMs)}.`;
}
