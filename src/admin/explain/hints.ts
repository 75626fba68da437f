// Hints on refusals and verdicts whose text depends on the request or the configuration: which cookie, limit or
// purge.
import { acceptedAtMs } from "../../purge/journal/entry.ts";
import { edgeBodyBytesMax, kvBodyBytesMax, smallBodyBytesMax } from "../../cache/tiers/tier.ts";
import type { Config, Route } from "../../config/config.ts";
import { reach, type TierName } from "../../config/tier-names.ts";
import { byInvalidation } from "../../purge/journal/entry.ts";
import type { Ground } from "./grounds.ts";
import { quoted } from "./key-account.ts";
import type { MatchingPurges } from "./matching-purges.ts";

/** @param names of the unknown cookies; a cookie without a name is left out */
export function hintOfCookies(names: readonly string[]): string {
  const shared = "let the origin say public or s-maxage: then one copy serves all clients";
  if (names.length === 0) return `let clients send no cookie without a name; or ${shared}`;
  const list = `[${names.map(quoted).join(", ")}]`;
  const cookie = names.length === 1 ? "cookie" : "cookies";
  return (
    `if the page does not depend on the ${cookie}, ${harmless(list)}: a cookie that is named there does not count, and does not reach the origin. ` +
    `This is the usual way; cookies: { ignore: ${list} } does the same for one route. ` +
    `If the page differs by the ${cookie}, write key: { cookies: ${list} } in the route: then each value has its own copy. ` +
    `Or ${shared}. Do none of this for the cookie of a session`
  );
}

/** @param names of the fields that look like a credential */
export function hintOfCredentials(names: readonly string[]): string {
  const list = `[${names.map(quoted).join(", ")}]`;
  const field = names.length === 1 ? "field" : "fields";
  return (
    `if the page does not depend on the ${field}, write credentialFields: { except: ${list} } in the route or at the top level of the configuration. ` +
    `If the page differs by the ${field}, write key: { headers: ${list} } in the route: then each value has its own copy. ` +
    `Or let the origin say public or s-maxage, or name the ${field} in Vary`
  );
}

/** @param names of the cookies that the response sets; a cookie without a name is left out */
export function hintOfSetCookie(names: readonly string[]): string {
  const named = `if nobody needs the cookie, ${harmless(`[${names.map(quoted).join(", ")}]`)}; or `;
  return `let the origin set no cookie on this page; or ${names.length === 0 ? "" : named}give the route setCookie: "strip"`;
}

const harmless = (list: string) =>
  `write cookies: { harmless: ${list} } at the top level of the configuration`;

/** A limit, and its description. */
type Limit = readonly [bytesMax: number, text: string];

/** @param bodyBytes `null` if only known to exceed a limit */
export function tooLarge(
  bodyBytes: number | null,
  { tiers }: Pick<Route, "tiers">,
  { limits }: Pick<Config, "limits">,
): Partial<Ground> {
  const { sharedBodyBytes, bufferBytes } = limits;
  const takes: Readonly<Record<TierName, Limit>> = {
    memory: [smallBodyBytesMax, "bytes are the most that memory takes of a new response"],
    edge: [edgeBodyBytesMax, "bytes are the most that the edge tier takes"],
    kv: [kvBodyBytesMax, "bytes are the most that the KV tier takes"],
    shared: [
      sharedBodyBytes,
      "bytes are the most that the shared tier takes (limits.sharedBodyBytes)",
    ],
  };
  const held: Limit = [
    bufferBytes,
    "bytes are the most that Tidemark holds of a body while the body arrives (limits.bufferBytes)",
  ];
  const hasEdge = reach(tiers, "colo");
  const tierTexts = [...tiers.map((tier) => takes[tier]), ...(hasEdge ? [] : [held])]
    .filter(([bytesMax]) => bytesMax < (bodyBytes ?? Infinity))
    .map((limit) => limit.join(" "));
  const size = bodyBytes === null ? "its body" : `its body of ${bodyBytes} bytes`;
  // Not every platform has an edge tier.
  const lacksEdge = bodyBytes !== null && bodyBytes <= edgeBodyBytesMax;
  const less = `let the origin send less${lacksEdge ? ", or raise limits.sharedBodyBytes" : ""}`;
  const mayRaise = reach(tiers, "world") || bufferBytes < smallBodyBytesMax;
  const edge = `add "edge" to tiers of the route: that tier takes up to ${edgeBodyBytesMax} bytes`;
  return {
    why: `${size} is too large for the tiers of its route (${tiers.join(", ")}): ${tierTexts.join("; ")}`,
    hint: hasEdge ? less : `${edge}${mayRaise ? "; or raise limits" : ""}`,
  };
}

/** Senders of automatic entries. All others are people or sites. */
const notOrdered: readonly string[] = ["tidemark", byInvalidation];

/** Returns nothing if the deciding purge is unknown or automatic. */
export function purgedBy(purges: MatchingPurges | "no journal", atMs: number): Partial<Ground> {
  const newest = purges === "no journal" ? [] : purges.newest;
  const decider = newest.find(({ decides }) => decides);
  const ordered = newest.filter(({ by }) => !notOrdered.includes(by));
  const oldest = ordered.at(-1);
  if (decider === undefined || oldest === undefined || !ordered.includes(decider)) return {};
  const because = decider.reason === "" ? "" : `, because: ${decider.reason}`;
  const seconds = Math.max(1, Math.round((atMs - acceptedAtMs(oldest.position)) / 1_000));
  const often =
    ordered.length > 1 ? `. In the last ${seconds} s, ${ordered.length} purges have named it` : "";
  return {
    why: `a purge by ${decider.by} covers it${because}${often}`,
    hint: "let the sender of the purge name only what has changed",
  };
}
