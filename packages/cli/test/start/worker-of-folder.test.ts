// Tests how the Worker of a wrangler file is read: three file formats, unavailable bindings, and
// syntax errors.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readWorkerOf } from "../../src/start/own-site.ts";
import { tempFolder } from "../fakes/temp-folder.ts";

const folder = tempFolder();

describe("the Worker of a wrangler file", () => {
  const table = {
    main: "src/worker.ts",
    compatibility_date: "2026-11-01",
    compatibility_flags: ["nodejs_compat"],
    vars: { ORIGIN_URL: "https://origin.test" },
    r2_buckets: [{ binding: "BODIES", bucket_name: "bodies" }],
    ratelimits: [{ name: "ORIGIN_LIMITER", namespace_id: "1", simple: { limit: 3, period: 60 } }],
  };
  const toml = `
main = "src/worker.ts"
compatibility_date = "2026-11-01"
compatibility_flags = ["nodejs_compat"]
[vars]
ORIGIN_URL = "https://origin.test"
[[ratelimits]]
name = "ORIGIN_LIMITER"
namespace_id = "1"
simple = { limit = 3, period = 60 }
[[r2_buckets]]
binding = "BODIES"
bucket_name = "bodies"
`;
  it.each([
    { name: "wrangler.json", text: JSON.stringify(table) },
    { name: "wrangler.jsonc", text: `// a comment\n${JSON.stringify(table).replace(/}$/, ",}")}` },
    { name: "wrangler.toml", text: toml },
    { name: "wrangler.toml", text: toml.replace('"2026-11-01"', "2026-11-01") },
  ])("is read from $name", async ({ name, text }) => {
    await folder.write(name, text);
    expect(await readWorkerOf(folder.path)).toEqual({
      main: join(folder.path, "src/worker.ts"),
      compatibility: { date: "2026-11-01", flags: ["nodejs_compat"] },
      variables: { ORIGIN_URL: "https://origin.test" },
      rateLimits: { ORIGIN_LIMITER: { limit: 3, periodSeconds: 60 } },
      r2Buckets: ["BODIES"],
      notes: [],
    });
  });

  it("is undefined in a folder without a wrangler file", async () => {
    expect(await readWorkerOf(folder.path)).toBeUndefined();
  });
});

describe("an unavailable binding in a wrangler file", () => {
  it.each([
    ["DB (d1_databases)", { d1_databases: [{ binding: "DB" }] }],
    ["WORDS (kv_namespaces)", { kv_namespaces: [{ binding: "WORDS" }] }],
    ["ORIGIN (services)", { services: [{ binding: "ORIGIN" }] }],
    ["AI (ai)", { ai: { binding: "AI" } }],
    ["Q (queues)", { queues: { producers: [{ binding: "Q" }] } }],
    ["ROOM (durable_objects)", { durable_objects: { bindings: [{ name: "ROOM" }] } }],
    ["LIST (vars, not a string)", { vars: { LIST: [1] } }],
  ])("is named in a note: %s", async (names, fields) => {
    await folder.write("wrangler.json", JSON.stringify({ name: "site", ...fields }));
    const notes = (await readWorkerOf(folder.path))?.notes;
    expect(notes).toEqual([
      `wrangler.json has bindings that are not available here: ${names}. If the Worker needs them, run npx wrangler dev.`,
    ]);
  });
});

it("a class of Durable Objects that is not declared is named in a note", async () => {
  const bindings = [{ name: "JOURNAL", class_name: "TidemarkJournal" }];
  const table = { main: "a.ts", durable_objects: { bindings } };
  await folder.write("wrangler.json", JSON.stringify(table));
  const noted = await readWorkerOf(folder.path);
  expect(noted?.notes).toEqual([
    expect.stringContaining("does not declare TidemarkJournal in exports"),
  ]);
});

describe("a syntax error in a wrangler file", () => {
  it.each([
    { name: "wrangler.jsonc", text: '{\n  "main": \n}', says: /Line 3, column 1: ValueExpected\./ },
    { name: "wrangler.toml", text: 'a = 1\nmain = "x\n', says: /Line 2, column \d+: / },
  ])("is refused with its line and column: $name", async ({ name, text, says }) => {
    await folder.write(name, text);
    const refused = await readWorkerOf(folder.path).catch(String);
    expect(refused).toMatch(says);
    expect(refused).toContain(join(folder.path, name));
  });
});
