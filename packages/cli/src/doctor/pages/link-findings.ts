// A finding on pages whose links, or redirects, name the origin: whoever follows them leaves the cache.
import { referencesOf } from "../../origin/links.ts";
import type { DoctorFinding } from "../finding.ts";
import type { Answer } from "./look.ts";
import { aboutPages, type Page } from "./page.ts";

/** @param origin scheme and host, other than those of the site */
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
      what: "Visitors who follow a link leave Tidemark: they reach the origin itself, and nothing there is cached.",
      cause: `What the site answers names ${origin} in links, or in a redirect.`,
      remedy:
        "Tell the origin the site's address (in WordPress: Settings, General), or let it go by X-Forwarded-Host. Then purge the pages.",
    },
  ];
}

function leadsTo(origin: string, { url, headers, text }: Answer): boolean {
  const location = headers.get("location");
  if (location !== null && URL.parse(location, url)?.origin === origin) return true;
  const contentType = headers.get("content-type") ?? "";
  if (!contentType.startsWith("text/html")) return false;
  // By the whole address of the page, a relative link is one of the site.
  const page = { origin, path: url, text, contentType, linkField: null };
  return referencesOf(page).some(({ as }) => as === "link");
}
