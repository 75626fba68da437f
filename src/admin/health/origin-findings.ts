// Findings on the origins, and whether any origin is left.
import { isoOf } from "../../base/iso-date.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { type Finding } from "../../protocol/finding.ts";
import type { SiteState, IsolateState } from "./site-state.ts";

/** Under traffic, a probe checks the origin every few seconds, so an older trouble may be over. */
const downMs = 60_000;

/**
 * Returns whether only stored responses can be served: every origin of a route is unusable, or was down within
 * the last minute.
 */
export function isUnable(looked: IsolateState): boolean {
  const { originNames, usableOrigins } = looked;
  return originNames.every((name) => !usableOrigins.has(name) || isDownNow(looked, name));
}

function isDownNow(looked: IsolateState, name: string): boolean {
  const lastAtMs = looked.originTroubles.get(name)?.lastAtMs;
  const isRecent = lastAtMs !== undefined && isWithinMs(downMs, lastAtMs, looked.atMs);
  return looked.originsShutOff.includes(name) && isRecent;
}

type OriginTrouble =
  SiteState["originTroubles"] extends ReadonlyMap<string, infer One> ? One : never;

/** One finding per origin that has failed, and has not answered since. */
export function originTroubles(looked: SiteState): Finding[] {
  return [...looked.originTroubles]
    .filter(([, { isOver }]) => !isOver)
    .map(([name, trouble]) => {
      const isShutOff = looked.originsShutOff.includes(name);
      return isShutOff ? down(name, trouble, looked) : failing(name, trouble);
    });
}

const checkIt = "Check that its server runs, and that no firewall stops requests from Cloudflare.";
const speedItUp =
  "Check how busy its server is. If its pages need more time, raise originTimeout in the configuration.";

function down(name: string, trouble: OriginTrouble, looked: SiteState): Finding {
  const asked = isDownNow(looked, name)
    ? "Only probes ask it, behind answers."
    : `Nobody has asked it since ${isoOf(trouble.lastAtMs)}.`;
  return {
    code: "origin-down",
    level: "critical",
    about: aboutOf(name),
    what: `Origin ${JSON.stringify(name)} is taken for down: what is not stored is answered with 503. ${asked}`,
    since: isoOf(trouble.sinceAtMs),
    cause: "Requests for several of its paths failed, and then a probe failed.",
    remedy: `${checkIt} When the origin answers again, a probe notices that by itself.`,
    details: detailsOf(trouble),
  };
}

function failing(name: string, trouble: OriginTrouble): Finding {
  const isSlow = trouble.kind === "timeout";
  return {
    code: isSlow ? "origin-slow" : "origin-unreachable",
    level: "warning",
    about: aboutOf(name),
    what: isSlow
      ? `Origin ${JSON.stringify(name)} did not answer in time.`
      : `Origin ${JSON.stringify(name)} could not be reached.`,
    since: isoOf(trouble.sinceAtMs),
    cause: isSlow
      ? "Its server is overloaded, or the page needs longer than originTimeout."
      : "Its server is down, or the network between Cloudflare and the server is interrupted.",
    remedy: isSlow ? speedItUp : checkIt,
    details: detailsOf(trouble),
  };
}

/** One finding per origin that answers clients, but rejects requests without any client's fields. */
export function anonymousRefused(looked: SiteState): Finding[] {
  return [...looked.refusingAnonymous]
    .filter(([name]) => !looked.originsShutOff.includes(name))
    .map(([name, sinceAtMs]) => ({
      code: "anonymous-refused",
      level: "info",
      about: aboutOf(name),
      what: `Origin ${JSON.stringify(name)} refused requests that Tidemark sent without any client's fields. When a client's request fails, the others who wait for the page go to the origin by themselves, ten at a time.`,
      since: isoOf(sinceAtMs),
      cause:
        "The page fails for everybody, or the origin or its firewall asks for a field that only a client sends.",
      remedy:
        "Request the page with User-Agent and Accept as its only fields. If that fails and a browser succeeds, name the field that the origin needs in key.headers, or let the firewall pass requests from Tidemark.",
    }));
}

const aboutOf = (name: string) => `origin ${JSON.stringify(name)}`;

const words = { unreachable: "could not be reached", timeout: "did not answer in time" } as const;

/** Counts each kind of failure since the isolate began. */
function detailsOf({ counts, lastAtMs }: OriginTrouble): string {
  const parts = Object.entries(words)
    .map(([kind, said]) => ({ said, count: counts[kind as keyof typeof words] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ said, count }) => `the origin ${said} ${count === 1 ? "once" : `${count} times`}`);
  return `Since this isolate began, ${parts.join(", and ")}. The last time was ${isoOf(lastAtMs)}.`;
}
