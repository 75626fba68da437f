// Tests which pages `tidemark warm` reads from sitemaps of each format.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Files, index, read, urlset, userOf } from "./sitemap-site.ts";
import { site } from "./warm-user.ts";

const zipped = (text: string) => new Uint8Array(gzipSync(text));
const images =
  `<urlset xmlns:image="i"><url><loc>${site}/a</loc><image:image><image:loc>${site}/a.png` +
  `</image:loc></image:image><image:loc>${site}/b.png</image:loc></url></urlset>`;
const prefixed = `<s:urlset xmlns:s="x"><s:url><s:loc>${site}/a</s:loc></s:url></s:urlset>`;
const oddLocs = [`\n  ${site}/a?x=1&amp;y=2 `, `<![CDATA[${site}/b?x&y]]>`, `${site}/&#99;`];
const parts = ["1.xml", "2.xml.gz", "1.xml", "sitemap.xml"].map((name) => `${site}/${name}`);
const moved = () => new Response(null, { status: 301, headers: { location: "/moved.xml" } });

describe("a sitemap", () => {
  it.each<[name: string, sitemap: Files[string], paths: string[], more?: Files]>([
    ["a set of URLs", urlset(`${site}/a`, `${site}/b`), ["/a", "/b"]],
    ["spaces, CDATA and entities", urlset(...oddLocs), ["/a?x=1&y=2", "/b?x&y", "/c"]],
    ["a byte order mark and umlauts", `\uFEFF${urlset(`${site}/käse`)}`, ["/k%C3%A4se"]],
    ["a line break before the declaration", `\n${urlset(`${site}/a`)}`, ["/a"]],
    ["names with a prefix", prefixed, ["/a"]],
    ["images, which are not pages", images, ["/a"]],
    ["gzip under any name", zipped(urlset(`${site}/a`)), ["/a"]],
    [
      "an index with a gzip file, a repetition and itself",
      index(...parts),
      ["/a", "/b"],
      { "/1.xml": urlset(`${site}/a`), "/2.xml.gz": zipped(urlset(`${site}/b`)) },
    ],
    ["a redirect within the host", moved, ["/a"], { "/moved.xml": urlset(`${site}/a`) }],
    ["no pages", urlset(), []],
  ])("yields its pages: %s", async (_, sitemap, paths, more = {}) => {
    const ran = await read({ "/sitemap.xml": sitemap, ...more });
    expect(ran.notes).not.toContain("cannot be used");
    expect(ran).toMatchObject({ code: 0, paths });
  });

  it("is read from a local file", async () => {
    const user = await userOf({});
    await writeFile(join(user.folder, "map.xml.gz"), gzipSync(urlset(`${site}/a`)));
    expect(await user.warms(["--sitemap", "map.xml.gz"])).toMatchObject({ code: 0 });
    expect(user.site.urls).toEqual([`${site}/a`]);
  });

  it("is read if it arrives byte by byte", async () => {
    const bytes = new TextEncoder().encode(urlset(`${site}/ä`, `${site}/b`));
    const start = (controller: ReadableStreamDefaultController) => {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    };
    const inPieces = () => new Response(new ReadableStream({ start }));
    expect((await read({ "/sitemap.xml": inPieces })).paths).toEqual(["/%C3%A4", "/b"]);
  });

  it("is read without pages of other hosts, which a note counts", async () => {
    const { notes, paths } = await read({
      "/sitemap.xml": urlset(`${site}/a`, "https://other.test/b", "/c/relative", "relative"),
    });
    expect(paths).toEqual(["/a", "/c/relative"]);
    expect(notes).toContain("Skipped: 1 are for other hosts (other.test)");
    expect(notes).toContain('Skipped: 1 are neither http URLs nor paths ("relative")');
  });
});
