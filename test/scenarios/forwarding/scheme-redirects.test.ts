// Redirects from one scheme of the site to the other, by an origin that names its own address: each
// has an end, and leaves TLS only where it would have none otherwise.
import { describe, expect, it } from "vitest";
import { type AskInit, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";

/** Follows redirects as a browser does, cookies left out. */
async function followed(site: Site, start: string, init: AskInit = {}): Promise<string> {
  let [url, seen] = [start, await site.get(start, init)];
  for (let nth = 0; nth < 5 && seen.fields.has("location"); nth += 1) {
    url = new URL(seen.fields.get("location") ?? "", url).href;
    seen = await site.get(url);
  }
  return `${seen.status} ${url}`;
}

describe("a redirect to another scheme has an end", () => {
  it.each([
    { id: "as-it-was-asked", asked: "/a?b=1", said: "/a?b=1" },
    { id: "escapes-in-lower-case", asked: "/caf%C3%A9", said: "/caf%c3%a9" },
    { id: "empty-query", asked: "/a", said: "/a?" },
    { id: "escaped-tilde", asked: "/~u", said: "/%7Eu" },
    { id: "query-in-another-order", asked: "/s?b=1&a=2", said: "/s?b=1&a=2" },
  ])("$id", async ({ asked, said }) => {
    for (const [from, to] of [
      ["http", "https"],
      ["https", "http"],
    ] as const) {
      for (const cacheControl of ["max-age=60", "no-store"]) {
        const site = openSite({
          origin: ({ headers }) => {
            if (headers.get("x-forwarded-proto") === to) return page("page", cc(cacheControl));
            const location = `${to}://origin.invalid${said}`;
            return page("", cc(cacheControl, { location }), 301);
          },
        });
        expect(await followed(site, `${from}://www.example.com${asked}`)).toBe(
          `200 ${to}://www.example.com${said}`,
        );
      }
    }
  });

  const toItself = "http://origin.invalid/a";
  it.each<{ id: string; status: number; init?: AskInit; fields?: FieldTexts; scheme: string }>([
    { id: "get", status: 302, scheme: "http" },
    { id: "post-that-stays-post", status: 307, init: { method: "POST" }, scheme: "http" },
    { id: "post-that-becomes-get", status: 303, init: { method: "POST" }, scheme: "https" },
    { id: "made", status: 201, init: { method: "POST" }, scheme: "https" },
    { id: "sets-a-cookie", status: 302, fields: { "set-cookie": "s=1" }, scheme: "https" },
  ])("and leaves TLS only where nothing else ends it: $id", async (row) => {
    const { status, init, fields, scheme } = row;
    const answer = () => page("", cc("no-store", { location: toItself, ...fields }), status);
    const seen = await openSite({ origin: answer }).get("/a", init);
    expect(seen.fields.get("location")).toBe(`${scheme}://www.example.com/a`);
  });
});
