// A site with ESI: a page at /p, whose template a test gives, and fragments below /f.
import { esi } from "../../../src/parts/esi/esi.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";

export const include = (src: string, attributes = ""): string =>
  `<esi:include src="${src}" ${attributes}/>`;

/** Answers by path. A text is a fragment of a minute, and a function answers itself. */
export type Pages = Readonly<
  Record<string, string | ((request: Request) => Response | Promise<Response>)>
>;

const routes = (includesMax: number | undefined): ConfigInput["routes"] => [
  { name: "pages", match: ["/p*", "/n*"], use: [esi("html", { includesMax })] },
  { name: "declared", match: "/d*", use: [esi("declared", { includesMax })] },
];

type EsiSiteOptions = SiteOptions & { readonly includesMax?: number | undefined };

export function esiOptions(
  pages: Pages,
  { includesMax, ...options }: EsiSiteOptions = {},
): SiteOptions {
  return {
    config: { routes: routes(includesMax) },
    origin: async (request) => {
      const { pathname, search } = new URL(request.url);
      const answer = pages[pathname + search];
      if (answer === undefined) return page("nothing", {}, 404);
      return typeof answer === "string" ? page(answer, cc("max-age=60")) : answer(request);
    },
    ...options,
  };
}

export const openEsi = (pages: Pages, options: EsiSiteOptions = {}): Site =>
  openSite(esiOptions(pages, options));

/** Returns a function that answers with a declared template. */
export const declared =
  (text: string, fields: FieldTexts = {}) =>
  () =>
    page(text, { ...cc("max-age=60"), "surrogate-control": 'content="ESI/1.0"', ...fields });

export const pathsAsked = ({ origin }: Site): string[] => origin.asked.map(({ path }) => path);
