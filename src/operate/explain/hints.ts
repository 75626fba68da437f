// Hints that name a cookie, a field, a limit or a purge of the explained request.
import { acceptedAtMs, byInvalidation } from "../../purge/journal/entry.ts";
import { edgeBodyBytesMax, smallBodyBytesMax } from "../../cache/tiers/tier.ts";
import type { Config, Route } from "../../config/config.ts";
import { reach, type TierName } from "../../config/tier-names.ts";
import type { Ground } from "./grounds.ts";
import { quoted } from "./key-account.ts";
import type { MatchingPurges } from "./matching-purges.ts";

/**
 * Returns the hint for unknown cookies.
 *
 * @param names the cookies' names; a cookie without a name is left out
 */
export function hintOfCookies(names: readonly string[]): string {
  const shared = "let the origin send public or s-maxage: then one copy serves all clients";
  if (names.length === 0) return `let clients send no cookie without a name; or ${shared}`;
  const list = `[${names.map(quoted).join(", ")}]`;
  const cookie = names.length === 1 ? "cookie" : "cookies";
  return (
    `if the page does not depend on the ${cookie}, ${harmless(list)}: Tidemark ignores cookies that are listed there, and does not forward them. ` +
    `This is the usual way; cookies: { ignore: ${list} } does the same for one route. ` +
    `If the page differs by the ${cookie}, write key: { cookies: ${list} } in the route: then each value has its own copy. ` +
    `Or ${shared}. Do none of this for a session cookie`
  );
}

/** Returns the hint for fields that look like a credential. */
export function hintOfCredentials(names: readonly string[]): string {
  const list = `[${names.map(quoted).join(", ")}]`;
  const field = names.length === 1 ? "field" : "fields";
  return (
    `if the page does not depend on the ${field}, write credentialFields: { except: ${list} } in the route or at the top level of the configuration. ` +
    `If the page differs by the ${field}, write key: { headers: ${list} } in the route: then each value has its own copy. ` +
    `Or let the origin send public or s-maxage, or name the ${field} in Vary`
  );
}

/**
 * Returns the hint for cookies that the response sets.
 *
 * @param names the cookies' names; a cookie without a name is left out
 */
export function hintOfSetCookie(names: readonly string[]): string {
  const named = `if nobody needs the cookie, ${harmless(`[${names.map(quoted).join(", ")}]`)}; or `;
  return `let the origin set no cookie on this page; or ${names.length === 0 ? "" : named}give the route setCookie: "strip", unless key.cookies names the cookie`;
}

const harmless = (list: string) =>
  `write cookies: { harmless: ${list} } at the top level of the configuration`;

/** A limit, and its description. */
type Limit = readonly [bytesMax: number, text: string];

/**
 * Returns `why` and a hint for a body over a limit.
 *
 * @param bodyBytes `null` if only known to be over a limit
 */
export function tooLarge(
  bodyBytes: number | null,
  { tiers }: Pick<Route, "tiers">,
  { limits }: Pick<Config, "limits">,
): Partial<Ground> {
  const { sharedBodyBytes, bufferBytes } = limits;
  const takes: Readonly<Record<TierName, Limit>> = {
    memory: [smallBodyBytesMax, "bytes is the limit of memory for a new response"],
    edge: [edgeBodyBytesMax, "bytes is the limit of the edge tier"],
    shared: [sharedBodyBytes, "bytes is the limit of the shared tier (limits.sharedBodyBytes)"],
  };
  const buffer: Limit = [
    bufferBytes,
    "bytes is the limit of a body that Tidemark buffers (limits.bufferBytes)",
  ];
  const hasEdge = reach(tiers, "colo");
  const tierTexts = [...tiers.map((tier) => takes[tier]), ...(hasEdge ? [] : [buffer])]
    .filter(([bytesMax]) => bytesMax < (bodyBytes ?? Infinity))
    .map((limit) => limit.join(" "));
  const size = bodyBytes === null ? "its body" : `its body of ${bodyBytes} bytes`;
  // The edge tier accepts a body of this size, so this platform has no edge tier.
  const lacksEdge = bodyBytes !== null && bodyBytes <= edgeBodyBytesMax;
  const less = `let the origin send a smaller body${lacksEdge ? ", or raise limits.sharedBodyBytes" : ""}`;
  const mayRaise = reach(tiers, "world") || bufferBytes < smallBodyBytesMax;
  const edge = `add "edge" to tiers of the route: that tier accepts up to ${edgeBodyBytesMax} bytes`;
  return {
    why: `${size} is too large for the tiers of its route (${tiers.join(", ")}): ${tierTexts.join("; ")}`,
    hint: hasEdge ? less : `${edge}${mayRaise ? "; or raise limits" : ""}`,
  };
}

/** Senders of automatic entries. All other senders are people or sites. */
const notOrdered: readonly string[] = ["tidemark", byInvalidation];

/**
 * Returns `why` with the sender and the reason of the deciding purge, and a hint. Returns an empty
 * object if that purge is unknown or automatic.
 */
export function purgedBy(purges: MatchingPurges | "no journal", atMs: number): Partial<Ground> {
  const newest = purges === "no journal" ? [] : purges.newest;
  const decider = newest.find(({ decides }) => decides);
  const ordered = newest.filter(({ by }) => !notOrdered.includes(by));
  const oldest = ordered.at(-1);
  if (decider === undefined || oldest === undefined || !ordered.includes(decider)) return {};
  const because = decider.reason === "" ? "" : `, because: ${decider.reason}`;
  const seconds = Math.max(1, Math.round((atMs - acceptedAtMs(oldest.position)) / 1_000));
  const often =
    ordered.length > 1
      ? `. In the last ${seconds} s, ${ordered.length} purges have matched it`
      : "";
  return {
    why: `a purge by ${decider.by} covers it${because}${often}`,
    hint: "let the sender of the purge name only what changed",
  };
}
