// Finds pages whose links or redirects lead to the origin, past the cache.
import { referencesOf } from "../../origin/links.ts";
import type { DoctorFinding } from "../finding.ts";
import type { Answer } from "./look.ts";
import { aboutPages, type Page } from "./page.ts";

/** @param origin scheme and host, which differ from the site's */
export function linkFindings(
  pages: readonly Page[],
  origin: string | undefined,
): readonly DoctorFinding[] {
  if (origin === undefined) return [];
  const found = pages.filter(({ answers }) => answers.some((answer) => leadsTo(origin, answer)));
  if (found.length === 0) return [];
  return [
    {
      code: "links-past",
      level: "warning",
      about: aboutPages(found),
      what: "Visitors who follow a link leave Tidemark and reach the origin itself, where nothing is cached.",
      cause: `Responses of the site contain links or redirects to ${origin}.`,
      remedy:
        "Configure the site's address at the origin (in WordPress: Settings, General), or let it use X-Forwarded-Host. Then purge the pages.",
    },
  ];
}

function leadsTo(origin: string, { url, headers, text }: Answer): boolean {
  const location = headers.get("location");
  if (location !== null && URL.parse(location, url)?.origin === origin) return true;
  const contentType = headers.get("content-type") ?? "";
  if (!contentType.startsWith("text/html")) return false;
  // With the page's own URL as base, relative links belong to the site.
  const page = { origin, path: url, text, contentType, linkField: null };
  return referencesOf(page).some(({ as }) => as === "link");
}
