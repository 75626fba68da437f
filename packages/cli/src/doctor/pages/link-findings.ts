// Finds pages whose links or redirects lead to the origin, past the cache.
import type { DoctorFinding } from "../finding.ts";
import { pathsLinkedAt } from "./links.ts";
import type { Answer } from "./look.ts";
import { aboutPages, type Page } from "./page.ts";

/** @param origin scheme and host, which differ from the site's */
export function linkFindings(
  pages: readonly Page[],
  origin: string | undefined,
): DoctorFinding | [] {
  if (origin === undefined) return [];
  const found = pages.filter(({ answers }) => answers.some((answer) => leadsTo(origin, answer)));
  if (found.length === 0) return [];
  return {
    code: "links-past",
    level: "warning",
    about: aboutPages(found),
    what: "Visitors who follow a link leave Tidemark and reach the origin itself, where nothing is cached.",
    cause: `Responses of the site contain links or redirects to ${origin}.`,
    remedy:
      "Configure the site's address at the origin (in WordPress: Settings, General), or let it use X-Forwarded-Host. Then purge the pages.",
  };
}

function leadsTo(origin: string, answer: Answer): boolean {
  const location = answer.headers.get("location");
  if (location !== null && URL.parse(location, answer.url)?.origin === origin) return true;
  return pathsLinkedAt(origin, answer).length > 0;
}
