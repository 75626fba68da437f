// Tests the sitemaps that `tidemark warm` refuses, and the reasons that it prints.
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { type Files, index, read, urlset } from "./sitemap-site.ts";
import { site } from "./warm-user.ts";

const nested = (depth: number): Files =>
  Object.fromEntries(
    Array.from({ length: depth }, (_, at) => [`/${at + 1}.xml`, index(`${site}/${at + 2}.xml`)]),
  );
const status = (code: number) => () => new Response("", { status: code });
const redirect = (location: string) => () =>
  new Response(null, { status: 302, headers: { location } });
const broken = () =>
  new Response(new ReadableStream({ start: (to) => to.error(new TypeError("terminated")) }));
const zipped = (text: string) => new Uint8Array(gzipSync(text));
const unclosed = urlset(`${site}/a`).slice(0, -9);
const withEntity = (entity: string) =>
  `<!DOCTYPE urlset [<!ENTITY x ${entity}>]><urlset><url><loc>&x;</loc></url></urlset>`;
const password = "https://user:secret@www.example.com/1.xml";

it.each<[name: string, sitemap: Files[string], says: string, parts?: Files]>([
  ["status 404", status(404), "The status is 404"],
  ["a broken connection", broken, "The connection broke during the download"],
  ["an HTML page", "<!DOCTYPE html>\n<html><body>Hello<br></body></html>", "It is an HTML page."],
  ["plain text", "hello", "Line 1"],
  ["an empty file", "  ", "It is empty"],
  ["unclosed XML", unclosed, "Line 2: unclosed tag"],
  ["an unescaped ampersand", urlset(`${site}/a`, `${site}/b?x&y`), "Line 3"],
  ["100,000 open elements", `<urlset>${"<a>".repeat(100_000)}`, "elements are open"],
  ["a custom entity", withEntity('"y"'), "Line 1: undefined entity"],
  ["a file as an entity", withEntity('SYSTEM "file:///etc/passwd"'), "undefined entity"],
  ["2 MiB of CDATA", `<urlset><url><loc><![CDATA[${"] ".repeat(1 << 20)}`, "without an entry"],
  ["2 MiB of DOCTYPE", `<!DOCTYPE urlset [${"<!ENTITY a ''>".repeat(150_000)}`, "without an entry"],
  ["2 MiB of comments", `<urlset>${"<!-- - -->".repeat(210_000)}`, "without an entry"],
  ["invalid UTF-8", new Uint8Array([0x3c, 0x61, 0x3e, 0xff, 0xfe]), "It is not UTF-8"],
  ["UTF-16", new Uint8Array(Buffer.from("\uFEFF<urlset/>", "utf16le")), "It is not UTF-8"],
  ["truncated gzip", zipped(urlset(`${site}/a`)).slice(0, 40), "damaged or truncated"],
  [
    "gzip of more than 50 MiB",
    zipped(`${unclosed}${`<url>${" ".repeat(500_000)}</url>`.repeat(106)}</urlset>`),
    "more than 50 MiB",
  ],
  [
    "a redirect to another host",
    redirect("https://other.test/x?secret"),
    "It redirects to https://other.test.",
  ],
  ["a loop of redirects", redirect("/sitemap.xml"), "redirects more than 5 times"],
  ["an index of another host", index("https://other.test/1.xml"), "on another host"],
  ["an index of a relative path", index("1.xml"), '"1.xml" is not a URL'],
  ["an index of a URL with a password", index(password), "user name or a password"],
  [
    "an index of more than 1,000 files",
    index(...Array.from({ length: 1_001 }, (_, at) => `${site}/${at}.xml`)),
    "more than 1000 files",
  ],
  [
    "indexes of more than 1,000 files together",
    index(`${site}/a.xml`, `${site}/b.xml`),
    "more than 1000 files",
    {
      "/a.xml": index(...Array.from({ length: 600 }, () => `${site}/none.xml`)),
      "/none.xml": urlset(),
      "/b.xml": index(...Array.from({ length: 999 }, (_, at) => `${site}/${at}.xml`)),
    },
  ],
  ["indexes nested too deep", index(`${site}/1.xml`), "an index nested in 2 others", nested(3)],
  [
    "an index with a part that has status 500",
    index(`${site}/1.xml`),
    "1.xml cannot be used. The status is 500",
    { "/1.xml": status(500) },
  ],
])("warm --sitemap refuses %s, and lists no page", async (_, sitemap, says, parts = {}) => {
  const { code, out, notes } = await read({ "/sitemap.xml": sitemap, ...parts });
  expect(notes).toContain(says);
  expect(notes).not.toMatch(/secret|root:/);
  expect({ code, out }).toEqual({ code: 1, out: "" });
});
