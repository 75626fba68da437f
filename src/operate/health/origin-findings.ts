// Findings on the origins, and whether any origin can be used.
import { isoOf } from "../../base/iso-date.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { type Finding } from "../../protocol/finding.ts";
import type { SiteState, IsolateState } from "./site-state.ts";

/**
 * The time for which an origin counts as down after its last failure. With traffic, failed probes renew
 * that failure every few seconds.
 */
const downMs = 60_000;

/**
 * Returns whether only stored responses can be served, because each origin that a route uses is unusable or
 * was down within the last minute.
 */
export function isUnable(state: IsolateState): boolean {
  const { originNames, usableOrigins } = state;
  return originNames.every((name) => !usableOrigins.has(name) || isDownNow(state, name));
}

function isDownNow(state: IsolateState, name: string): boolean {
  const lastAtMs = state.originTroubles.get(name)?.lastAtMs;
  const isRecent = lastAtMs !== undefined && isWithinMs(downMs, lastAtMs, state.atMs);
  return state.originsShutOff.includes(name) && isRecent;
}

type OriginTrouble =
  SiteState["originTroubles"] extends ReadonlyMap<string, infer One> ? One : never;

/** One finding per origin that has failed, and has not answered since. */
export function originTroubles(state: SiteState): Finding[] {
  return [...state.originTroubles]
    .filter(([, { isOver }]) => !isOver)
    .map(([name, trouble]) => {
      const isShutOff = state.originsShutOff.includes(name);
      return isShutOff ? down(name, trouble, state) : failing(name, trouble);
    });
}

const checkIt = "Check that its server runs, and that no firewall stops requests from Cloudflare.";
const speedItUp =
  "Check how busy its server is. If its pages need more time, raise originTimeout in the configuration.";

function down(name: string, trouble: OriginTrouble, state: SiteState): Finding {
  const probing = isDownNow(state, name)
    ? "Only background probes and bypassed requests contact it."
    : `Its last recorded failure was at ${isoOf(trouble.lastAtMs)}.`;
  return {
    code: "origin-down",
    level: "critical",
    about: aboutOf(name),
    what: `Origin ${JSON.stringify(name)} is shut off: cacheable requests without a stored response get 503. ${probing}`,
    since: isoOf(trouble.sinceAtMs),
    cause: "Requests for several of its paths failed, and then a probe failed.",
    remedy: `${checkIt} A probe notices when the origin answers again.`,
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

/** Returns one finding per origin that failed all recent anonymous requests, unless it is shut off. */
export function anonymousRefused(state: SiteState): Finding[] {
  return [...state.refusingAnonymous]
    .filter(([name]) => !state.originsShutOff.includes(name))
    .map(([name, sinceAtMs]) => ({
      code: "anonymous-refused",
      level: "info",
      about: aboutOf(name),
      what: `Origin ${JSON.stringify(name)} refused requests that Tidemark sent without any client's fields. If a client's request for a page fails, the waiting requests cannot share such a request. Tidemark then forwards each of them, about ten at a time per isolate.`,
      since: isoOf(sinceAtMs),
      cause:
        "The page fails for everybody, or the origin or its firewall needs a field that only a client sends.",
      remedy:
        "Request the page with User-Agent and Accept as its only fields. If that fails and a browser succeeds, name the field that the origin needs in key.headers, or let the firewall allow requests from Tidemark.",
    }));
}

const aboutOf = (name: string) => `origin ${JSON.stringify(name)}`;

const words = {
  unreachable: "without a connection",
  timeout: "without an answer in time",
} as const;

/** Returns sentences with the count of each kind of failure since the isolate started. */
function detailsOf({ counts, lastAtMs }: OriginTrouble): string {
  const parts = Object.entries(words)
    .map(([kind, text]) => ({ text, count: counts[kind as keyof typeof words] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ text, count }) => `${count} ${text}`);
  return `Failed requests since this isolate started: ${parts.join(", ")}. The last failure was at ${isoOf(lastAtMs)}.`;
}
