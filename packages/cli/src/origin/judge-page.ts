// Decides whether a page may be shared. The first reason applies.
import { isUntold, type PageSight } from "./look-at-page.ts";
import { privatePattern } from "./page-kind.ts";

/** The decision. `why` is a phrase without a full stop. */
export type Judgement =
  /** The page is shared as long as its origin says. */
  | { readonly kind: "origin"; readonly seconds: number; readonly why: string }
  /** The page may be shared, and the configuration sets the lifetime. */
  | { readonly kind: "open"; readonly why: string }
  /** The page may be stored, and the origin validates each use. */
  | { readonly kind: "validated"; readonly why: string }
  /** The page is for one client, and bypasses the cache. */
  | { readonly kind: "private"; readonly why: string }
  /** Nothing shows that the page is the same for all clients, so the configuration sets no lifetime. */
  | { readonly kind: "uncertain"; readonly why: string }
  /** A redirect or an error. */
  | { readonly kind: "other"; readonly why: string };

export function judge(sight: PageSight): Judgement {
  const { status, kind, storing, cookies, redirectsTo } = sight;
  const asPrivate = (why: string): Judgement => ({ kind: "private", why });
  if (status === 401 || status === 403) return asPrivate(`asks for credentials (${status})`);
  if (kind === "private") return asPrivate("its path looks private");
  if (redirectsTo !== undefined && status >= 300 && status < 400) {
    const to = redirectsTo.replace(/^https?:\/\/[^/]+/, "");
    if (privatePattern(to) !== undefined) return asPrivate(`redirects to ${to.slice(0, 60)}`);
    return { kind: "other", why: `redirects to ${redirectsTo.slice(0, 60)}` };
  }
  if (status === 404 || status === 410) return { kind: "other", why: `does not exist (${status})` };
  if (status >= 400) return { kind: "other", why: `answers with an error (${status})` };
  if (cookies.length > 0) return asPrivate(`sets a cookie: ${cookies.join(", ")}`);
  if (storing.kind === "refused" && (storing.rule === "private" || storing.rule === "no-store")) {
    return asPrivate(`its origin says ${storing.rule}`);
  }
  return ofContent(sight);
}

function ofContent(sight: PageSight): Judgement {
  const { storing, change, differsBy, hasValidator } = sight;
  const uncertain = (why: string): Judgement => ({ kind: "uncertain", why });
  if (change === "token") return { kind: "private", why: "it has a new token in each response" };
  if (differsBy.includes("cookie")) return { kind: "private", why: "differs with cookies" };
  if (isUntold(sight, "address")) {
    return uncertain("differs by the client's address without saying so in Vary");
  }
  if (isUntold(sight, "user-agent")) {
    return uncertain("differs by User-Agent without saying so in Vary");
  }
  if (isUntold(sight, "accept")) {
    const { otherTypes } = sight;
    const what = otherTypes.length === 0 ? "differs" : `is also ${otherTypes.join(" or ")}`;
    return uncertain(`${what} by Accept without saying so in Vary`);
  }
  if (isUntold(sight, "language")) {
    return uncertain("differs by Accept-Language without saying so in Vary");
  }
  if (sight.uncompared !== undefined) return uncertain("it could not be compared in full");
  if (storing.kind === "refused")
    return uncertain(`is kept from caches by the rule ${storing.rule}`);
  if (storing.kind === "validated" && !hasValidator) {
    return uncertain(`${storing.statedBy}, and no validator, so storing it is useless`);
  }
  if (storing.kind === "validated") return { kind: "validated", why: storing.statedBy };
  if (storing.kind === "fresh") {
    const why = `${formatSeconds(storing.seconds)} by ${storing.statedBy}`;
    return { kind: "origin", seconds: storing.seconds, why };
  }
  if (change === "numbers") return uncertain("its numbers change in each response");
  if (change === "content") return uncertain("its content changes in each response");
  if (sight.kind === "api")
    return uncertain("data for programs, and its origin sends no caching fields");
  return { kind: "open", why: "its origin names no lifetime" };
}

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
] as const;

/** Returns text such as `"5m"` or `"90s"`, in the largest unit that gives a whole number. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const [unit, size] = units.find(([, one]) => whole >= one && whole % one === 0) ?? ["s", 1];
  return `${whole / size}${unit}`;
}
