// Tests that the fields of a 304 are combined with the stored fields (RFC 9111 §3.2, §4.1, §4.3.4).
import { describe, expect, it } from "vitest";
import type { WrittenAnswerRule } from "../../../src/config/written-route.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

/** Opens a site whose second answer is a 304, and whose stored response has expired. */
async function openExpired(stored: FieldTexts, fieldsOf304: FieldTexts, headers = {}) {
  const site = openSite({
    origin: (request, nth) =>
      nth === 2
        ? unchanged({ etag: '"1"', ...fieldsOf304 })
        : page(`in ${request.headers.get("accept-language")}`, { etag: '"1"', ...stored }),
  });
  await site.get("/a", { headers });
  site.clock.advance(1);
  return site;
}

describe("a field that a qualified private names", () => {
  const named = 'public, max-age=1, private="x-user"';

  it("reaches only its own client if a later 304 has the field without the directive", async () => {
    const site = await openExpired(cc(named, { "x-user": "ada" }), { "x-user": "bob" });
    const own = await site.get("/a");
    expect(own.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect(own.fields.get("x-user")).toBe("bob");
    const hit = await site.get("/a");
    expect(hit.cacheStatus).toBe("tidemark; hit; ttl=1; detail=memory");
    expect(hit.fields.has("x-user")).toBe(false);
  });

  it("is removed from the stored response if a later 304 has the directive", async () => {
    const site = await openExpired(cc("max-age=1", { "x-user": "ada" }), cc(named));
    await site.get("/a");
    expect((await site.get("/a")).fields.has("x-user")).toBe(false);
  });
});

describe("Vary", () => {
  const german = { "accept-language": "de" };
  const french = { headers: { "accept-language": "fr" } };

  it("selects the variant after a 304 has added the field", async () => {
    const site = await openExpired(cc("max-age=1"), cc("max-age=60", { vary: "accept-language" }));
    await site.get("/a");
    const { text, cacheStatus } = await site.get("/a", french);
    expect(text).toBe("in fr");
    expect(cacheStatus).toBe(
      'tidemark; fwd=vary-miss; fwd-status=200; stored; detail="vary: accept-language"',
    );
  });

  it("selects the variant after a 304 without the field", async () => {
    const varied = cc("max-age=1", { vary: "accept-language" });
    const site = await openExpired(varied, cc("max-age=60"), german);
    expect((await site.get("/a", { headers: german })).text).toBe("in de");
    expect((await site.get("/a", french)).text).toBe("in fr");
  });
});

describe("a 304 that changes the meaning of the stored body", () => {
  const policy = (nonce: number) => `script-src 'nonce-${nonce}'`;
  const detail = 'detail="changed-by-304: content-security-policy"';

  /** Opens a site whose page and policy have the number of their request. The stored page has expired. */
  async function openNonces(answer: WrittenAnswerRule[] = []) {
    const site = openSite({
      config: { routes: [{ name: "all", match: "*", answer }] },
      origin: ({ headers }, nth) => {
        const fields = cc("max-age=1", { etag: '"1"', "content-security-policy": policy(nth) });
        return headers.has("if-none-match") ? unchanged(fields) : page(`page ${nth}`, fields);
      },
    });
    await site.get("/a");
    site.clock.advance(2);
    const { text, fields, cacheStatus } = await site.get("/a");
    return { site, answer: [text, fields.get("content-security-policy")], cacheStatus };
  }

  it("updates the fields, and is reported (RFC 9111 §3.2)", async () => {
    const { site, answer, cacheStatus } = await openNonces();
    expect(answer).toEqual(["page 1", policy(2)]);
    expect(cacheStatus).toBe(`tidemark; fwd=stale; fwd-status=304; stored; ${detail}`);
    expect(countsOf(site, "changedBy304")).toEqual({ "changedBy304|all": 1 });
  });

  it("cannot come if a rule strips the validators", async () => {
    const { answer } = await openNonces([{ when: { status: 200 }, strip: ["etag"] }]);
    expect(answer).toEqual(["page 2", policy(2)]);
  });
});

describe("an origin that negotiates by Accept without Vary, under the ETag of a build", () => {
  const browser = "text/html,*/*;q=0.8";
  const agent = "text/markdown, text/html, */*";

  it.each(["client", "refresh"])(
    "gives an agent its Markdown after HTML of a %s",
    async (source) => {
      const site = openSite({
        origin: ({ headers }) => {
          const isAgent = headers.get("accept")?.startsWith("text/markdown") === true;
          const [type, text] = isAgent
            ? ["text/markdown", "# Page"]
            : ["text/html", "<h1>Page</h1>"];
          const lifetime = "max-age=5, stale-while-revalidate=5";
          const fields = cc(lifetime, { "content-type": type, etag: '"build"' });
          return headers.has("if-none-match") ? unchanged(fields) : page(text, fields);
        },
      });
      for (let nth = 0; nth < (source === "client" ? 1 : 2); nth += 1) {
        await site.get("/a", { headers: { accept: browser } });
        await site.settle();
        site.clock.advance(8);
      }
      site.clock.advance(20);
      for (const _ of ["load", "hit"]) {
        const { text, fields } = await site.get("/a", { headers: { accept: agent } });
        expect([text, fields.get("content-type")]).toEqual(["# Page", "text/markdown"]);
      }
    },
  );

  it.each([
    { path: "/api", type: "application/json", accept: "*/*" },
    { path: "/api", type: "application/json", accept: "application/json, text/plain, */*" },
    { path: "/a.pdf", type: "application/pdf", accept: "application/json, text/plain, */*" },
    { path: "/a", type: "text/html", accept: browser },
  ])("is asked with the validator of one type: $type for $accept", async (row) => {
    const fields = cc("max-age=5", { "content-type": row.type, etag: '"1"' });
    const site = openSite({
      origin: ({ headers }) =>
        headers.has("if-none-match") ? unchanged(fields) : page("one", fields),
    });
    const headers = { accept: row.accept };
    await site.get(row.path, { headers });
    site.clock.advance(10);
    expect((await site.get(row.path, { headers })).cacheStatus).toContain("fwd-status=304");
  });
});
