// Sitemaps that are refused.
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { type Files, index, read, urlset } from "./sitemap-site.ts";
import { site } from "./warm-user.ts";

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
    name: "an index of what is not a URL",
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
