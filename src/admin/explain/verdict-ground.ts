// Explains a verdict in words: its rule, the part of the request or page that triggered it, and a hint.
import { unknownCookies } from "../../proxy/request/cookies.ts";
import { credentialsIn } from "../../proxy/request/personal.ts";
import type { LookupRequest } from "../../proxy/request/plan.ts";
import type { FoundResponse } from "../../proxy/reuse/page-lookup.ts";
import type { Verdict } from "../../proxy/reuse/verdict.ts";
import type { LookAccount } from "./explanation.ts";
import { type Ground, groundOf, invalidatedHere } from "./grounds.ts";
import { hintOfCookies, hintOfCredentials, purgedBy } from "./hints.ts";
import { neverFresh, overrideOf } from "./never-fresh.ts";

/** The result of a lookup. */
export interface LookResult {
  readonly request: LookupRequest;
  readonly atMs: number;
  readonly found: FoundResponse | undefined;
  readonly look: LookAccount;
}

/** Returns the explanation of the rule, with details of this request and page. */
export function groundOfVerdict({ by, judged }: Verdict, result: LookResult): Ground {
  const { request, atMs, found, look } = result;
  const metadata = found?.candidate.stored.metadata;
  const ground = groundOf[by];
  if (by === "purged") {
    const isInvalidated = judged?.kind === "purged" && judged.by === undefined;
    return isInvalidated ? invalidatedHere : { ...ground, ...purgedBy(look.purges, atMs) };
  }
  const unknown = unknownCookies(request.forwarded, request.route);
  const cookieHint = () => hintOfCookies(unknown.flatMap(({ name }) => name ?? []));
  if (by === "unknown-cookie") return { ...ground, hint: cookieHint() };
  if (by === "credential-field") {
    const names = metadata === undefined ? [] : credentialsIn(request, metadata);
    return { ...ground, hint: hintOfCredentials(names) };
  }
  if (by === "nothing-stored") {
    const why = [ground.why, ...known(look)].join("; ");
    const isNamedBelow = look.last !== undefined || unknown.length === 0;
    return { ...ground, why, ...(!isNamedBelow && { hint: cookieHint() }) };
  }
  if (metadata === undefined) return ground;
  if (by === "expired") return { ...ground, ...neverFresh(metadata, request.route) };
  if (by !== "no-cache") return ground;
  const override = overrideOf(metadata, request.route);
  return {
    ...ground,
    hint: `if a copy may answer without validation, let the origin omit no-cache, or ${override}`,
  };
}

/** Returns short reasons why nothing is stored. The rest of the explanation gives details. */
function known({ key, last, lastPassed, nearest, vary }: LookAccount): string[] {
  const rule = last?.notStored?.rule;
  const isOfThis = nearest === undefined && vary === undefined;
  const isGone = last !== undefined && rule === undefined && isOfThis;
  const isVariant = nearest?.url === key.url;
  const elsewhere = isVariant
    ? "another variant of the page is stored"
    : "the page is stored under another key";
  return [
    ...(rule === undefined ? [] : [`the last answer for it was not stored, by ${rule}`]),
    ...(isGone ? ["the last answer for it was stored, but is gone"] : []),
    ...(lastPassed ? [`a request for it bypassed the cache, by ${lastPassed.rule}`] : []),
    ...(nearest ? [elsewhere] : []),
  ];
}
