// Sitemaps: the pages that they list, in each format.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Files, index, read, urlset, userOf } from "./sitemap-site.ts";
import { site } from "./warm-user.ts";

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
