// Finds pages whose links or redirects lead straight to the origin.
import type { DoctorFinding } from "../finding.ts";
import { pathsLinkedAt } from "./links.ts";
import type { Answer } from "./look.ts";
import { aboutPages, type Page } from "./page.ts";

/** @param origin the origin's scheme and host; `undefined` if unknown or equal to the site's */
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
    what: "Visitors who follow these links or redirects reach the origin itself, past Tidemark's cache.",
    cause: `Responses of the site contain links or redirects to ${origin}.`,
    remedy:
      "Configure the site's address at the origin (in WordPress: Settings, General), or let the origin use X-Forwarded-Host. Then purge the pages.",
  };
}

function leadsTo(origin: string, answer: Answer): boolean {
  const location = answer.headers.get("location");
  if (location !== null && URL.parse(location, answer.url)?.origin === origin) return true;
  return pathsLinkedAt(origin, answer).length > 0;
}
