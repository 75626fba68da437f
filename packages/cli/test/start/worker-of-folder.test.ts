// What a wrangler file says of a Worker, in its three forms; what is not given here is named.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readWorkerOf } from "../../src/start/worker-of-folder.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const written = (name: string, text: string) => writeFile(join(folder, name), text);

describe("is read", () => {
  const table = {
    main: "src/worker.ts",
    compatibility_date: "2026-11-01",
    compatibility_flags: ["nodejs_compat"],
    vars: { ORIGIN_URL: "https://origin.test" },
    kv_namespaces: [{ binding: "PAGES", id: "1" }],
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
[[kv_namespaces]]
binding = "PAGES"
id = "1"
`;
  it.each([
    { name: "wrangler.json", text: JSON.stringify(table) },
    { name: "wrangler.jsonc", text: `// a comment\n${JSON.stringify(table).replace(/}$/, ",}")}` },
    { name: "wrangler.toml", text: toml },
    { name: "wrangler.toml", text: toml.replace('"2026-11-01"', "2026-11-01") },
  ])("$name", async ({ name, text }) => {
    await written(name, text);
    expect(await readWorkerOf(folder)).toEqual({
      main: join(folder, "src/worker.ts"),
      compatibility: { date: "2026-11-01", flags: ["nodejs_compat"] },
      variables: { ORIGIN_URL: "https://origin.test" },
      rateLimits: { ORIGIN_LIMITER: { limit: 3, periodSeconds: 60 } },
      kvNamespaces: ["PAGES"],
      notes: [],
    });
  });

  it("as nothing where there is none", async () => {
    expect(await readWorkerOf(folder)).toBeUndefined();
  });
});

describe("what is not given here is named", () => {
  it.each([
    { id: "d1", fields: { d1_databases: [{ binding: "DB" }] }, names: "DB (d1_databases)" },
    { id: "service", fields: { services: [{ binding: "ORIGIN" }] }, names: "ORIGIN (services)" },
    { id: "ai", fields: { ai: { binding: "AI" } }, names: "AI (ai)" },
    { id: "queue", fields: { queues: { producers: [{ binding: "Q" }] } }, names: "Q (queues)" },
    {
      id: "durable object",
      fields: { durable_objects: { bindings: [{ name: "ROOM" }] } },
      names: "ROOM (durable_objects)",
    },
    { id: "no text", fields: { vars: { LIST: [1] } }, names: "LIST (vars, not a string)" },
  ])("$id", async ({ fields, names }) => {
    await written("wrangler.json", JSON.stringify({ name: "site", ...fields }));
    const notes = (await readWorkerOf(folder))?.notes;
    expect(notes).toEqual([
      `wrangler.json has bindings that are not available here: ${names}. If the Worker needs them, run npx wrangler dev.`,
    ]);
  });
});

describe("one with a fault is refused, with line and column", () => {
  it.each([
    { name: "wrangler.jsonc", text: '{\n  "main": \n}', says: /Line 3, column 1: ValueExpected\./ },
    { name: "wrangler.toml", text: 'a = 1\nmain = "x\n', says: /Line 2, column \d+: / },
  ])("$name", async ({ name, text, says }) => {
    await written(name, text);
    const refused = await readWorkerOf(folder).catch(String);
    expect(refused).toMatch(says);
    expect(refused).toContain(join(folder, name));
  });
});
