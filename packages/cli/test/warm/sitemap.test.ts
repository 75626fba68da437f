// Sitemaps: what they name, in whatever shape they come, and what is refused of them.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { page, site, stored, WarmUser } from "./warm-user.ts";

const xmlns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';
const urlset = (...locs: readonly string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<urlset ${xmlns}>${locs.map((loc) => `<url><loc>${loc}</loc></url>`).join("\n")}</urlset>`;
const index = (...locs: readonly string[]) =>
  `<sitemapindex ${xmlns}>${locs.map((loc) => `<sitemap><loc>${loc}</loc></sitemap>`).join("")}</sitemapindex>`;

type Files = Readonly<Record<string, string | Uint8Array<ArrayBuffer> | (() => Response)>>;

/** Serves these; all else is a page that is stored. */
async function userOf(files: Files): Promise<WarmUser> {
  return WarmUser.at((url) => {
    const file = files[url.pathname];
    if (typeof file === "function") return file();
    return file === undefined ? page(stored) : new Response(file);
  });
}

async function read(files: Files, more: readonly string[] = []) {
  const user = await userOf(files);
  const source = ["--sitemap", `${site}/sitemap.xml`];
  const ran = await user.warms([...source, "--dry-run", ...more]);
  return { ...ran, paths: ran.out.split("\n").slice(0, -1), asked: user.site.urls };
}

const shapes: readonly { name: string; files: Files; paths: readonly string[] }[] = [
  {
    name: "a set of URLs",
    files: { "/sitemap.xml": urlset(`${site}/a`, `${site}/b`) },
    paths: ["/a", "/b"],
  },
  {
    name: "spaces, line breaks, CDATA and entities",
    files: {
      "/sitemap.xml": urlset(
        `\n  ${site}/a?x=1&amp;y=2 `,
        `<![CDATA[${site}/b?x&y]]>`,
        `${site}/&#99;`,
      ),
    },
    paths: ["/a?x=1&y=2", "/b?x&y", "/c"],
  },
  {
    name: "a byte order mark, and letters beyond ASCII",
    files: { "/sitemap.xml": `\uFEFF${urlset(`${site}/käse`)}` },
    paths: ["/k%C3%A4se"],
  },
  {
    name: "a line break before the declaration",
    files: { "/sitemap.xml": `\n${urlset(`${site}/a`)}` },
    paths: ["/a"],
  },
  {
    name: "names with a prefix",
    files: {
      "/sitemap.xml": `<s:urlset xmlns:s="x"><s:url><s:loc>${site}/a</s:loc></s:url></s:urlset>`,
    },
    paths: ["/a"],
  },
  {
    name: "pictures beside pages, which are no pages",
    files: {
      "/sitemap.xml": `<urlset xmlns:image="i"><url><loc>${site}/a</loc><image:image><image:loc>${site}/a.png</image:loc></image:image><image:loc>${site}/b.png</image:loc></url></urlset>`,
    },
    paths: ["/a"],
  },
  {
    name: "gzip under any name",
    files: { "/sitemap.xml": new Uint8Array(gzipSync(urlset(`${site}/a`))) },
    paths: ["/a"],
  },
  {
    name: "an index, some of it gzip, one part twice, and itself",
    files: {
      "/sitemap.xml": index(
        `${site}/1.xml`,
        `${site}/2.xml.gz`,
        `${site}/1.xml`,
        `${site}/sitemap.xml`,
      ),
      "/1.xml": urlset(`${site}/a`),
      "/2.xml.gz": new Uint8Array(gzipSync(urlset(`${site}/b`))),
    },
    paths: ["/a", "/b"],
  },
  {
    name: "a redirect within the host",
    files: {
      "/sitemap.xml": () =>
        new Response(null, { status: 301, headers: { location: "/sitemap_index.xml" } }),
      "/sitemap_index.xml": urlset(`${site}/a`),
    },
    paths: ["/a"],
  },
  {
    name: "a set without pages",
    files: { "/sitemap.xml": urlset() },
    paths: [],
  },
];

describe("a sitemap is read", () => {
  it.each(shapes)("$name", async ({ files, paths }) => {
    const ran = await read(files);
    expect(ran.notes).not.toContain("cannot be used");
    expect(ran).toMatchObject({ code: 0, paths });
  });

  it("out of a file", async () => {
    const user = await userOf({});
    await writeFile(join(user.folder, "map.xml.gz"), gzipSync(urlset(`${site}/a`)));
    expect(await user.warms(["--sitemap", "map.xml.gz"])).toMatchObject({ code: 0 });
    expect(user.site.urls).toEqual([`${site}/a`]);
  });

  it("whole, whatever pieces it comes in", async () => {
    const bytes = new TextEncoder().encode(urlset(`${site}/ä`, `${site}/b`));
    const inPieces = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
        }),
      );
    expect((await read({ "/sitemap.xml": inPieces })).paths).toEqual(["/%C3%A4", "/b"]);
  });

  it("without pages of other hosts, and says how many", async () => {
    const { notes, paths } = await read({
      "/sitemap.xml": urlset(`${site}/a`, "https://other.test/b", "/c/relative", "relative"),
    });
    expect(paths).toEqual(["/a", "/c/relative"]);
    expect(notes).toContain("Skipped: 1 are for other hosts (other.test)");
    expect(notes).toContain('Skipped: 1 are neither http URLs nor paths ("relative")');
  });

  it("since a date: older pages and older files are left out, those without a date are not", async () => {
    const dated = (loc: string, date: string) =>
      `<url><loc>${site}${loc}</loc><lastmod>${date}</lastmod></url>`;
    const files = {
      "/sitemap.xml": `<sitemapindex><sitemap><loc>${site}/old.xml</loc><lastmod>2020-01-01</lastmod></sitemap><sitemap><loc>${site}/new.xml</loc></sitemap></sitemapindex>`,
      "/new.xml": `<urlset>${dated("/a", "2026-11-02T10:00:00+01:00")}${dated("/b", "2026-10-31")}<url><loc>${site}/c</loc></url>${dated("/d", "soon")}</urlset>`,
    };
    const { paths, asked, notes } = await read(files, ["--since", "2026-11-01"]);
    expect(paths).toEqual(["/a", "/c", "/d"]);
    expect(asked).not.toContain(`${site}/old.xml`);
    expect(notes).toContain("2 are older than --since");
  });
});

const nested = (depth: number): Files => ({
  "/sitemap.xml": index(`${site}/1.xml`),
  ...Object.fromEntries(
    Array.from({ length: depth }, (_, at) => [`/${at + 1}.xml`, index(`${site}/${at + 2}.xml`)]),
  ),
});

const broken: readonly { name: string; files: Files; says: string }[] = [
  {
    name: "404",
    files: { "/sitemap.xml": () => new Response("", { status: 404 }) },
    says: "The status is 404",
  },
  {
    name: "a page of HTML",
    files: { "/sitemap.xml": "<!DOCTYPE html>\n<html><body>Hello<br></body></html>" },
    says: "It is an HTML page.",
  },
  { name: "another text", files: { "/sitemap.xml": "hello" }, says: "Line 1" },
  { name: "nothing", files: { "/sitemap.xml": "  " }, says: "It is empty" },
  {
    name: "XML that breaks off",
    files: { "/sitemap.xml": urlset(`${site}/a`).slice(0, -9) },
    says: "Line 2: unclosed tag",
  },
  {
    name: "an ampersand that is none",
    files: { "/sitemap.xml": urlset(`${site}/a`, `${site}/b?x&y`) },
    says: "Line 3",
  },
  {
    name: "an entity of its own",
    files: {
      "/sitemap.xml": `<!DOCTYPE urlset [<!ENTITY x "y">]><urlset><url><loc>&x;</loc></url></urlset>`,
    },
    says: "Line 1: undefined entity",
  },
  {
    name: "what is not UTF-8",
    files: { "/sitemap.xml": new Uint8Array([0x3c, 0x61, 0x3e, 0xff, 0xfe]) },
    says: "It is not UTF-8",
  },
  {
    name: "gzip that is cut short",
    files: { "/sitemap.xml": new Uint8Array(gzipSync(urlset(`${site}/a`)).subarray(0, 40)) },
    says: "damaged or truncated",
  },
  {
    name: "gzip that unpacks to more than 50 MiB",
    files: {
      "/sitemap.xml": new Uint8Array(
        gzipSync(`${urlset(`${site}/a`).slice(0, -9)}${" ".repeat(53_000_000)}</urlset>`),
      ),
    },
    says: "more than 50 MiB",
  },
  {
    name: "a redirect to another host",
    files: {
      "/sitemap.xml": () =>
        new Response(null, { status: 302, headers: { location: "https://other.test/x?secret" } }),
    },
    says: "It redirects to https://other.test.",
  },
  {
    name: "redirects without an end",
    files: {
      "/sitemap.xml": () =>
        new Response(null, { status: 302, headers: { location: "/sitemap.xml" } }),
    },
    says: "redirects more than 5 times",
  },
  {
    name: "an index of another host",
    files: { "/sitemap.xml": index("https://other.test/1.xml") },
    says: "on another host",
  },
  {
    name: "an index of what is no URL",
    files: { "/sitemap.xml": index("1.xml") },
    says: "which is not a URL",
  },
  { name: "indexes within indexes", files: nested(3), says: "an index nested in 2 others" },
  {
    name: "a part that is not there",
    files: {
      "/sitemap.xml": index(`${site}/1.xml`),
      "/1.xml": () => new Response("", { status: 500 }),
    },
    says: "1.xml cannot be used. The status is 500",
  },
];

it.each(broken)("a sitemap is refused, and nothing is warmed: $name", async ({ files, says }) => {
  const { code, out, notes } = await read(files);
  expect(notes).toContain(says);
  expect(notes).not.toContain("secret");
  expect({ code, out }).toEqual({ code: 1, out: "" });
});
