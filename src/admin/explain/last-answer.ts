// What the isolate remembers of the last answer for a page: why it was not stored, or what became of it.
import type { Route } from "../../config/config.ts";
import type { FieldLine } from "../../http/fields.ts";
import { termsOf } from "../../proxy/stored/lifetime.ts";
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";
import type { Asked } from "../../proxy/request/plan.ts";
import type { LastAnswer, LastAnswersPeek, LastPassed } from "../../proxy/storing/last-answers.ts";
import type { StoreRefusal } from "../../proxy/storing/refusal.ts";
import { rounded } from "./copies.ts";
import { type Ground, groundOfPass, lifetimeSource } from "./grounds.ts";
import { groundOfRefusal } from "./grounds-of-refusal.ts";

/** An answer of the origin to GET, and what became of it. Seconds are rounded to thousandths. */
export interface LastAnswerAccount {
  readonly at: string;
  readonly status: number;
  readonly lifetimeSeconds: number;
  readonly lifetimeFrom: string;
  /** Above 2 where a cache before us has kept it, or a clock is off. */
  readonly ageOnArrivalSeconds: number;
  /** Those of its fields that say for whom and for how long it is. */
  readonly said: readonly FieldLine[];
  /** Absent where it was stored. `names`: of cookies or fields. */
  readonly notStored?: Ground & { readonly rule: string; readonly names: readonly string[] };
  /** What each tier that it was written to said. */
  readonly tiers: Readonly<Record<string, string>>;
}

/** A request that went past the cache. */
export interface LastPassedAccount extends Ground {
  readonly at: string;
  readonly method: string;
  readonly status: number;
  readonly rule: string;
}

/**
 * What came before, as far as it tells why there is no hit.
 *
 * @param stored does a stored response answer, or was one found at least? `undefined`: neither
 */
export function lastFor(
  { url, route }: Asked,
  { answered, passed }: LastAnswersPeek,
  stored: "answers" | "found" | undefined,
): { last?: LastAnswerAccount; lastPassed?: LastPassedAccount } {
  const answer = stored === "answers" ? undefined : answered.peek(url);
  const pass = passed.peek(url);
  // What was stored stands in the tiers, where one of them still has it.
  const isNews = stored === undefined || answer?.refused !== undefined;
  // Who writes to a page that others have a hit of has asked for nothing.
  const isOfReaders = stored !== "answers" || pass?.rule !== "method";
  return {
    ...(answer && isNews && { last: lastAnswerAccount(answer, route) }),
    ...(pass && isOfReaders && { lastPassed: lastPassedAccount(pass) }),
  };
}

const noTierTook: Ground = { clause: "tiers", why: "no tier of the route kept it" };

/** @param route the page's own, which gives a lifetime or does not */
function lastAnswerAccount(
  { metadata, refused, changes }: LastAnswer,
  route: Route,
): LastAnswerAccount {
  const { status, fields, respondedAtMs } = metadata;
  const terms = termsOf(metadata, route);
  const refusal = refused ?? refusedByAll(changes);
  return {
    at: new Date(respondedAtMs).toISOString(),
    status,
    lifetimeSeconds: rounded(terms.lifetimeSeconds),
    lifetimeFrom: lifetimeSource(metadata, route),
    ageOnArrivalSeconds: rounded(terms.initialAgeSeconds),
    said: fields,
    ...(refusal && { notStored: { ...refusal, ...refusalGround(refusal.rule, metadata, route) } }),
    tiers: Object.fromEntries(changes.map(({ tier, kind }) => [tier, kind])),
  };
}

function lastPassedAccount({ atMs, method, rule, status }: LastPassed): LastPassedAccount {
  return { at: new Date(atMs).toISOString(), method, status, rule, ...groundOfPass[rule] };
}

/** Where it was written to tiers, and none of them kept it. */
function refusedByAll(changes: LastAnswer["changes"]) {
  const [first] = changes;
  if (first === undefined || changes.some(({ kind }) => kind === "kept")) return undefined;
  return { rule: first.kind, names: [] };
}

function refusalGround(rule: string, metadata: StoredMetadata, route: Route): Ground {
  const ground = groundOfRefusal[rule as StoreRefusal] ?? noTierTook;
  return rule === "no-use" ? { ...ground, ...neverFresh(metadata, route) } : ground;
}

/**
 * Why a response was old when it came, and what to do about that.
 *
 * @returns nothing for one that was fresh
 */
export function neverFresh(metadata: StoredMetadata, route: Route): Partial<Ground> {
  const { lifetimeSeconds, initialAgeSeconds, alwaysValidate, canBeValidated } = termsOf(
    metadata,
    route,
  );
  if (alwaysValidate && !canBeValidated) {
    return {
      why: "it says no-cache, and has no validator to be asked about",
      mend: 'let the origin send an ETag or leave no-cache out, or give the route mode: "override" with fresh',
    };
  }
  if (lifetimeSeconds > 0 && initialAgeSeconds >= lifetimeSeconds) {
    return {
      why: `it was ${rounded(initialAgeSeconds)} s old when it came, and lives for ${rounded(lifetimeSeconds)} s`,
      mend: "look at Age and Date: a cache before this one keeps it for too long, or a clock is wrong",
    };
  }
  if (lifetimeSeconds > 0) return {};
  const from = lifetimeSource(metadata, route);
  if (from.startsWith("none")) {
    const field = metadata.status < 300 ? "fresh" : `fresh or negative for ${metadata.status}`;
    return {
      why: "neither the origin nor its route gives it a lifetime",
      mend: `let the origin send max-age, or give the route ${field}`,
    };
  }
  const isRoutesOwn = from.includes(" of the route ");
  const ofExpires = from === "Expires" ? ": it is not after Date, so a clock may be wrong" : "";
  const isOverruled = route.freshSeconds !== undefined || route.freshSecondsByStatus.size > 0;
  const hint = isOverruled ? " (fresh counts only where the origin gives none)" : "";
  return {
    why: `its lifetime is 0 s, from ${from}${ofExpires}`,
    mend: isRoutesOwn
      ? "give the route a longer one"
      : `let the origin give a longer one, or give the route mode: "override" with fresh${hint}`,
  };
}
