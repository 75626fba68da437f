// Whether a page may be shared, by all that was seen of it. The first reason counts.
import { formatSeconds } from "./format-seconds.ts";
import { isUntold, type PageSight } from "./look-at-page.ts";
import { privatePattern } from "./page-kind.ts";

/** Exactly one holds; `why` is a phrase that goes on after "is" or stands alone. */
export type Judgement =
  /** Shared, for as long as its origin says. */
  | { readonly kind: "origin"; readonly seconds: number; readonly why: string }
  /** It may be shared, and the configuration says for how long. */
  | { readonly kind: "open"; readonly why: string }
  /** It may be kept, and its origin is asked at each use. */
  | { readonly kind: "validated"; readonly why: string }
  /** For one client: it passes by. */
  | { readonly kind: "private"; readonly why: string }
  /** Nothing shows that it is the same for all: it gets no lifetime. */
  | { readonly kind: "uncertain"; readonly why: string }
  /** Neither page nor error to keep: a redirect, an error. */
  | { readonly kind: "other"; readonly why: string };

export function judge(sight: PageSight): Judgement {
  const { status, kind, storing, cookies, redirectsTo } = sight;
  const asPrivate = (why: string): Judgement => ({ kind: "private", why });
  if (status === 401 || status === 403) return asPrivate(`asks for credentials (${status})`);
  if (kind === "private") return asPrivate("its path names it as somebody's own");
  if (redirectsTo !== undefined && status >= 300 && status < 400) {
    const to = redirectsTo.replace(/^https?:\/\/[^/]+/, "");
    if (privatePattern(to) !== undefined) return asPrivate(`redirects to ${to.slice(0, 60)}`);
    return { kind: "other", why: `redirects to ${redirectsTo.slice(0, 60)}` };
  }
  if (status === 404 || status === 410) return { kind: "other", why: `is not there (${status})` };
  if (status >= 400) return { kind: "other", why: `answers with an error (${status})` };
  if (cookies.length > 0) return asPrivate(`sets a cookie: ${cookies.join(", ")}`);
  if (storing.kind === "refused" && (storing.rule === "private" || storing.rule === "no-store")) {
    return asPrivate(`its origin says ${storing.rule}`);
  }
  return ofContent(sight);
}

function ofContent(sight: PageSight): Judgement {
  const { storing, change, differsBy, vary, validation } = sight;
  const uncertain = (why: string): Judgement => ({ kind: "uncertain", why });
  if (change === "token") return { kind: "private", why: "a token in it is new at each answer" };
  if (differsBy.includes("cookie")) return { kind: "private", why: "differs with cookies" };
  if (isUntold(sight, "address")) {
    return uncertain("differs by the client's address without saying so in Vary");
  }
  if (isUntold(sight, "user-agent")) {
    return uncertain("differs by User-Agent without saying so in Vary");
  }
  if (isUntold(sight, "language")) {
    return uncertain("differs by Accept-Language without saying so in Vary");
  }
  if (storing.kind === "refused")
    return uncertain(`is kept from caches by the rule ${storing.rule}`);
  if (vary.includes("cookie")) return uncertain("its origin says Vary: Cookie");
  if (storing.kind === "validated" && validation === "none") {
    return uncertain(`${storing.saidBy}, and no validator, so there is no use in keeping it`);
  }
  if (storing.kind === "validated") return { kind: "validated", why: storing.saidBy };
  if (storing.kind === "fresh") {
    const why = `${formatSeconds(storing.seconds)} by ${storing.saidBy}`;
    return { kind: "origin", seconds: storing.seconds, why };
  }
  if (change === "numbers") return uncertain("numbers in it change at each answer");
  if (change === "content") return uncertain("its content changes at each answer");
  if (sight.kind === "api")
    return uncertain("data for programs, and its origin says nothing of caches");
  return { kind: "open", why: "its origin names no lifetime" };
}
