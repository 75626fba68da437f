// Tests redirects between http and https that name the origin's own address. Tidemark replaces the
// address by the site's. The redirects must not loop, and stay on https if they do not loop.
import { describe, expect, it } from "vitest";
import { type AskInit, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";

/** Follows redirects like a browser without cookies. */
async function followed(site: Site, start: string): Promise<string> {
  let [url, seen] = [start, await site.get(start)];
  for (let nth = 0; nth < 5 && seen.fields.has("location"); nth += 1) {
    url = new URL(seen.fields.get("location") ?? "", url).href;
    seen = await site.get(url);
  }
  return `${seen.status} ${url}`;
}

it.each([
  { id: "sorted", asked: "/s?b=1&a=2", canonical: "/s?a=2&b=1" },
  { id: "unsorted", asked: "/s?a=2&b=1", canonical: "/s?b=1&a=2" },
  { id: "escaped", asked: "/~u", canonical: "/%7Eu" },
  { id: "in small letters", asked: "/caf%C3%A9", canonical: "/caf%c3%a9" },
])("a redirect to the origin's own spelling does not loop: $id", async ({ asked, canonical }) => {
  for (const cacheControl of ["max-age=60", "no-store"]) {
    const site = openSite({
      origin: ({ url }) =>
        url.endsWith(canonical)
          ? page("page", cc(cacheControl))
          : page("", cc(cacheControl, { location: canonical }), 301),
    });
    const end = `200 https://www.example.com${canonical}`;
    for (const _ of ["first", "second"]) {
      expect(await followed(site, `https://www.example.com${asked}`)).toBe(end);
    }
  }
});

describe("a redirect to another scheme", () => {
  it.each([
    { id: "as-asked", asked: "/a?b=1", said: "/a?b=1" },
    { id: "escapes-in-lower-case", asked: "/caf%C3%A9", said: "/caf%c3%a9" },
    { id: "empty-query", asked: "/a", said: "/a?" },
    { id: "escaped-tilde", asked: "/~u", said: "/%7Eu" },
    { id: "query-as-asked", asked: "/s?b=1&a=2", said: "/s?b=1&a=2" },
    { id: "query-in-another-order", asked: "/s?b=1&a=2", said: "/s?a=2&b=1" },
  ])("does not loop: $id", async ({ asked, said }) => {
    for (const [from, to] of [
      ["http", "https"],
      ["https", "http"],
    ] as const) {
      for (const cacheControl of ["max-age=60", "no-store"]) {
        const location = `${to}://origin.invalid${said}`;
        const site = openSite({
          origin: ({ headers }) =>
            headers.get("x-forwarded-proto") === to
              ? page("page", cc(cacheControl))
              : page("", cc(cacheControl, { location }), 301),
        });
        const end = await followed(site, `${from}://www.example.com${asked}`);
        expect(end).toBe(`200 ${to}://www.example.com${said}`);
      }
    }
  });

  it("stays on https if it leads to another order of the query", async () => {
    const location = "http://origin.invalid/s?a=2&b=1";
    const site = openSite({ origin: () => page("", cc("no-store", { location }), 301) });
    const { fields } = await site.get("/s?b=1&a=2");
    expect(fields.get("location")).toBe("https://www.example.com/s?a=2&b=1");
  });

  const post = { method: "POST" };
  it.each<{ id: string; status: number; init?: AskInit; fields?: FieldTexts; scheme: string }>([
    { id: "get", status: 302, scheme: "http" },
    { id: "post-that-stays-post", status: 307, init: post, scheme: "http" },
    { id: "post-that-becomes-get", status: 303, init: post, scheme: "https" },
    { id: "created", status: 201, init: post, scheme: "https" },
    { id: "sets-a-cookie", status: 302, fields: { "set-cookie": "s=1" }, scheme: "https" },
  ])("stays on https unless it would loop: $id", async ({ status, init, fields, scheme }) => {
    const named = cc("no-store", { location: "http://origin.invalid/a", ...fields });
    const seen = await openSite({ origin: () => page("", named, status) }).get("/a", init);
    expect(seen.fields.get("location")).toBe(`${scheme}://www.example.com/a`);
  });
});
