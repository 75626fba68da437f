// Tests which content coding the demo origin sends, and when it answers 304.
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openSite } from "./demo-origin-site.ts";

const page = "/articles/fog-signal-tested";
const validated = ["/", page, `${page}.json`, "/feed", "/sections/town", "/rss.xml"];

/** Returns the fields of a 200 that its 304 must repeat (RFC 9110 §15.4.5). */
const keptFields = ({ headers }: Response): (string | null)[] =>
  ["cache-control", "date", "etag", "vary"].map((name) => headers.get(name));

describe("the content coding", () => {
  it.each([
    { id: "no Accept-Encoding", accept: {}, coding: null },
    {
      id: "the codings of browsers",
      accept: { "Accept-Encoding": "gzip, deflate, br" },
      coding: "gzip",
    },
    { id: "only another coding", accept: { "Accept-Encoding": "br" }, coding: null },
  ])("is one that the client accepts: $id", async ({ accept, coding }) => {
    const { ask } = openSite();
    const plain = await (await ask(page)).text();
    const response = await ask(page, accept);
    expect(response.headers.get("content-encoding")).toBe(coding);
    expect(response.headers.get("vary")).toBe("Accept-Encoding");
    const bytes = Buffer.from(await response.arrayBuffer());
    expect((coding === null ? bytes : gunzipSync(bytes)).toString()).toBe(plain);
  });
});

describe("an entity tag", () => {
  it.each(validated)("makes %s answer 304 while its content is the same", async (path) => {
    const { ask, clock } = openSite();
    for (const accept of ["identity", "gzip"]) {
      const fields = { "Accept-Encoding": accept };
      const full = await ask(path, fields);
      // From here on, the footer has another timestamp.
      clock.atMs += 50;
      const again = await ask(path, { ...fields, "If-None-Match": full.headers.get("etag") ?? "" });
      expect([again.status, await again.text()]).toEqual([304, ""]);
      expect(keptFields(again)).toEqual(keptFields(full));
      expect((await ask(path, { ...fields, "If-None-Match": '"other"' })).status).toBe(200);
    }
  });

  it.each(validated)("changes with the content of %s", async (path) => {
    const later = openSite((newsroom) => ({
      article: async (slug) => {
        const found = await newsroom.article(slug);
        return found && { ...found, title: "Corrected" };
      },
      latest: ({ offset, limit }) => newsroom.latest({ offset: offset + 1, limit }),
      inSections: async () => [],
    }));
    const etag = (await openSite().ask(path)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^W\/"\w+"$/);
    expect((await later.ask(path, { "If-None-Match": etag })).status).toBe(200);
  });
});
