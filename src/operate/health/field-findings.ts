// Findings on request fields: fields that look like a credential, and fields that change pages
// although Vary does not name them.
import { isoOf } from "../../base/iso-date.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

const named = (route: string) => (route === "" ? "no route" : `route ${JSON.stringify(route)}`);
const listed = (texts: readonly string[]) =>
  `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`;

/** One finding per route that refused to share a response because of such a field. */
export function credentialField({ credentialRefusals }: SiteState): Finding[] {
  return credentialRefusals.map(({ route, entries, sinceAtMs }) => {
    const whose = named(route);
    const list = listed(entries);
    const isWhole = entries.every((entry) => !entry.includes("*"));
    const keyed = isWhole ? list : "[the field's name]";
    return {
      code: "credential-field",
      level: "info",
      about: whose,
      what: `Requests of ${whose} have a field that looks like a credential (${entries.join(", ")}). Tidemark forwards each of them, and does not store the response.`,
      since: isoOf(sinceAtMs),
      cause:
        "The origin says neither public nor s-maxage, and does not name the field in Vary. So the response may be for only one client. Cache-Status names the field.",
      remedy: `If the response does not depend on the field, write credentialFields: { except: ${list} }. If the response differs by the field, write key: { headers: ${keyed} }, or let the origin name the field in Vary. If the route needs few fields, list these in forward.`,
    };
  });
}

const pagesMax = 5;

/** One finding per route with pages that differed by a field without a matching `Vary`. */
export function variesSilently({ silentVariations }: SiteState): Finding[] {
  return silentVariations.map(({ route, entries, sinceAtMs }) => {
    const pairs = entries.map((entry) => entry.split(" ", 2) as [field: string, path: string]);
    const fields = listed([...new Set(pairs.map(([field]) => field))]);
    const pages = [...new Set(pairs.map(([, path]) => path))].slice(0, pagesMax);
    return {
      code: "varies-silently",
      level: "warning",
      about: named(route),
      what: `Pages of ${named(route)} differ by a request field that Vary does not name. Clients may have got another media type or language than they asked for.`,
      since: isoOf(sinceAtMs),
      cause:
        "A refresh, with Tidemark's own fields, got another media type or language than an earlier client. Tidemark now stores the answer to the refresh.",
      remedy: `Let the origin name the field in Vary, or write key: { headers: ${fields} } in the route. If Tidemark's own fields are wrong for these pages, set anonymous in the route.`,
      details: `Pages: ${pages.join(", ")}.`,
    };
  });
}
