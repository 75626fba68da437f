// A site with sitemaps, for tests of `tidemark warm --sitemap`.
import { page, site, stored, WarmUser } from "./warm-user.ts";

const xmlns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';
export const urlset = (...locs: readonly string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<urlset ${xmlns}>${locs.map((loc) => `<url><loc>${loc}</loc></url>`).join("\n")}</urlset>`;
export const index = (...locs: readonly string[]) =>
  `<sitemapindex ${xmlns}>${locs.map((loc) => `<sitemap><loc>${loc}</loc></sitemap>`).join("")}</sitemapindex>`;

type File = string | Uint8Array<ArrayBuffer> | (() => Response);
export type Files = Readonly<Record<string, File>>;

/**
 * Returns a user of a site that serves `files`. Every other path is a page that the site stores.
 */
export async function userOf(files: Files): Promise<WarmUser> {
  return WarmUser.at((url) => {
    const file = files[url.pathname];
    if (typeof file === "function") return file();
    return file === undefined ? page(stored) : new Response(file);
  });
}

export async function read(files: Files, more: readonly string[] = []) {
  const user = await userOf(files);
  const source = ["--sitemap", `${site}/sitemap.xml`];
  const ran = await user.warms([...source, "--dry-run", ...more]);
  return { ...ran, paths: ran.out.split("\n").slice(0, -1), asked: user.site.urls };
}
