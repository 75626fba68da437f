// The finding on requests with a field that looks like a credential.
import { isoOf } from "../../base/iso-date.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** One finding per route that refused to share a response because of such a field. */
export function credentialField({ credentialRefusals }: SiteState): Finding[] {
  return credentialRefusals.map(({ route, entries, sinceAtMs }) => {
    const whose = route === "" ? "no route" : `route ${JSON.stringify(route)}`;
    const list = `[${entries.map((entry) => JSON.stringify(entry)).join(", ")}]`;
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
