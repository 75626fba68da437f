// Tests what follows from a rule's verdict, beside other parts and other routes.
// Needs parts: fallback, hot-keys, release.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { partsOf } from "../../src/part/open-parts.ts";
import { defineRule } from "../../src/part/rule/define-rule.ts";
import type { RouteInput } from "../../src/config/route-options.ts";
import type { Rule, RuleAnswer } from "../../src/part/rule/rule.ts";
import { fallback } from "../../src/parts/fallback/fallback.ts";
import { hotKeys } from "../../src/parts/hot-keys/hot-keys.ts";
import { release } from "../../src/parts/release/release.ts";
import { cc, page, type Script } from "../../testing/fakes/origin-in-process.ts";
import { openSite, read } from "../../testing/site/harness.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";

const kept = cc("max-age=60");

function open(routes: RouteInput[], origin: Script) {
  return openSite({ clock: new FakeClock(), config: { routes }, origin });
}

it("a server error that a rule calls a failure is answered by the fallback origin", async () => {
  const unwell = defineRule({ name: "unwell", fails: ({ status }) => status === 503 });
  const use = [fallback("mirror"), unwell];
  const site = openSite({
    clock: new FakeClock(),
    config: {
      origins: { mirror: { url: "https://mirror.invalid" } },
      routes: [{ name: "all", match: "*", use }],
    },
    origin: ({ url }) =>
      url.includes("mirror") ? page("from the mirror", kept) : new Response(null, { status: 503 }),
  });
  const { status, text } = await site.get("/");
  expect([status, text]).toEqual([200, "from the mirror"]);
});

it.each<Partial<Rule>>([
  { fails: ({ headers }) => headers.has("set-cookie") },
  { refuses: ({ headers }) => headers.has("set-cookie") },
])("a rule judges the origin's fields before they are stripped: %o", async (phases) => {
  const use = [defineRule({ name: "rule", ...phases })];
  const site = open([{ name: "all", match: "*", setCookie: "strip", use }], () =>
    page("page", { ...kept, "set-cookie": "a=b" }),
  );
  await site.get("/");
  expect((await site.get("/")).cacheStatus).not.toContain("; hit");
});

it("a rule judges an answer once, and an answer that a 304 freshens once more", async () => {
  const asked: string[] = [];
  const note = (phase: string) => (answer: RuleAnswer) => {
    asked.push(`${phase} ${answer.status} ${answer.headers.get("x-draft")}`);
    return false;
  };
  const rule = defineRule({ name: "rule", fails: note("fails"), refuses: note("refuses") });
  const site = open([{ name: "all", match: "*", use: [rule] }], ({ headers }) =>
    headers.has("if-none-match")
      ? new Response(null, { status: 304, headers: { "x-draft": "304" } })
      : page("page", { ...kept, etag: '"e"', "x-draft": "200" }),
  );
  await site.get("/");
  expect(asked.splice(0)).toEqual(["fails 200 200", "refuses 200 200"]);
  site.clock.advance(100);
  await site.get("/");
  const arrived = ["fails 304 304", "refuses 304 304"];
  expect(asked).toEqual([...arrived, "fails 200 304", "refuses 200 304"]);
});

it.each<Partial<Rule>>([
  { fails: ({ headers }) => headers.has("x-draft") },
  { refuses: ({ headers }) => headers.has("x-draft") },
])("a part that a rule objects to continues no body: %o", async (phases) => {
  const whole = new Uint8Array(100_000);
  const fields = { ...kept, etag: '"e"', "content-length": `${whole.length}` };
  const asked: (string | null)[] = [];
  const use = [defineRule({ name: "rule", ...phases })];
  const site = openSite({
    config: { limits: { bufferBytes: 1_000 }, routes: [{ name: "all", match: "*", use }] },
    origin: ({ headers }) => {
      const range = headers.get("range");
      asked.push(range);
      if (range !== null) {
        const part = { "x-draft": "1", "content-range": "bytes 50000-99999/100000" };
        return new Response(whole.slice(50_000), { status: 206, headers: { ...fields, ...part } });
      }
      const sent = [whole.slice(0, 50_000)];
      const pull = (to: ReadableStreamDefaultController) => {
        const bytes = sent.pop();
        if (bytes === undefined) to.error(new TypeError("The connection was lost."));
        else to.enqueue(bytes);
      };
      return new Response(new ReadableStream({ pull }), { headers: fields });
    },
  });
  await expect(site.ask("/").then(read)).rejects.toThrow("cut short");
  expect(asked).toContain("bytes=50000-");
});

describe.each(["fails", "refuses"] as const)("%s sees the field of the build", (phase) => {
  type IsBad = (headers: RuleAnswer["headers"]) => boolean;
  const use = (isBad: IsBad) => [
    release({ header: "x-build" }),
    defineRule({ name: "rule", [phase]: ({ headers }: RuleAnswer) => isBad(headers) }),
  ];
  const fields = { ...kept, etag: '"e"', "x-build": "b" };

  it.each<{ readonly id: string; readonly isBad: IsBad; readonly isHit: boolean }>([
    { id: "without it", isBad: (headers) => !headers.has("x-build"), isHit: true },
    {
      id: "with it and a draft",
      isBad: (headers) => headers.has("x-build") && headers.has("x-draft"),
      isHit: false,
    },
  ])("of a 304, for a rule against answers $id", async ({ isBad, isHit }) => {
    const site = open([{ name: "all", match: "*", use: use(isBad) }], ({ headers }) =>
      headers.has("if-none-match")
        ? new Response(null, { status: 304, headers: { ...fields, "x-draft": "1" } })
        : page("page", fields),
    );
    await site.get("/");
    site.clock.advance(100);
    await site.get("/");
    expect((await site.get("/")).cacheStatus?.includes("; hit")).toBe(isHit);
  });
});

it("the rules of a route act in the order of its `use`, whatever routes are above", async () => {
  const answering = (status: number) =>
    defineRule({ name: `with-${status}`, admits: () => new Response(null, { status }) });
  const [one, two] = [answering(451), answering(452)];
  const above = { name: "above", match: "/above", use: [one, two] };
  const site = open([above, { name: "all", match: "*", use: [two, one] }], () => page("page"));
  expect((await site.get("/above")).status).toBe(451);
  expect((await site.get("/")).status).toBe(452);
});

it("a rule with the name of a part is not the part that another one needs", () => {
  const named = defineRule({ name: "operate", fails: () => false });
  const routes = [{ name: "all", match: "*", use: [named] }];
  expect(() => partsOf(defineConfig({ parts: [hotKeys(5)], routes }))).toThrow(/operate/);
});
