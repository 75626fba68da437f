// Tests that a configuration is loaded before a start or an upload. Each module format is accepted,
// and a fault is refused with its route and field.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildWorker } from "../../local/build-worker.ts";
import { startColo } from "../../local/colo.ts";
import { loadConfig } from "../../local/load-config.ts";
import { installedLibrary, ownLibrary } from "../../local/run/library.ts";
import { checkTypes } from "../../local/type-check.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const fields = '{ routes: [{ name: "a", match: "/a", fresh: "5m" }] }';
const defining = 'import { defineConfig } from "tidemark";\n';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const accepted = [
  { name: "defined.ts", text: `${defining}export default defineConfig(${fields});` },
  {
    name: "device.ts",
    text: `${defining}import { device } from "tidemark/device";\nexport default defineConfig({ routes: [{ name: "a", match: "/a", fresh: "5m", key: { device: device() } }] });`,
  },
  {
    name: "rule.ts",
    text: `import { defineConfig, defineRule } from "tidemark";\nexport default defineConfig({ routes: [{ name: "a", match: "/a", fresh: "5m", use: [defineRule({ name: "b", fails: () => false })] }] });`,
  },
  { name: "plain.js", text: `export default ${fields};` },
  { name: "plain.json", text: '{ "routes": [{ "name": "a", "match": "/a", "fresh": "5m" }] }' },
  { name: "module-exports.cjs", text: `module.exports = ${fields};` },
  {
    name: "nested-default.cjs",
    text:
      'const { defineConfig } = require("tidemark");\n' +
      `exports.__esModule = true;\nexports.default = defineConfig(${fields});`,
  },
];

describe("a valid configuration", () => {
  it.each(accepted)("is loaded from $name", async ({ name, text }) => {
    const { routes } = await loadConfig(await written(name, text));
    expect(routes.map((route) => [route.name, route.freshSeconds])).toEqual([["a", 300]]);
  });

  // All Workers of `test/worker/` have an ES module, and a bundler treats JSON like it.
  it.each(accepted.filter(({ name }) => name === "nested-default.cjs"))(
    "works in the Worker: $name",
    async ({ name, text }) => {
      const worker = await buildWorker(await written(name, text));
      const origin = await startScriptedOrigin((_, response) => response.end("page"));
      const colo = await startColo({ name: "x", worker, port: 0, env: { ORIGIN_URL: origin.url } });
      try {
        const answer = await rawRequest(colo.url, "/a");
        expect([answer.status, answer.body.toString()]).toEqual([200, "page"]);
      } finally {
        await colo.stop();
        await origin.stop();
      }
    },
  );
});

describe("the check of an installed project's configuration", () => {
  const library = { ...installedLibrary(root), alias: ownLibrary.alias };

  it("refuses a configuration whose parts lack another", async () => {
    const text = `import { hotKeys } from "tidemark/hot-keys";\nexport default { parts: [hotKeys(5)] };`;
    const path = await written("lacking.js", text);
    const hint = "Add operate() of tidemark/operate to `parts`.";
    await expect(loadConfig(path, { library })).rejects.toThrow(hint);
    await expect(loadConfig(path)).rejects.toThrow(hint);
  });
});

describe("the check of a configuration", () => {
  const inRoute = (more: string) => `{ "routes": [{ "name": "a", "match": "/a", ${more} }] }`;
  const manyErrors = 'new AggregateError([new Error("a")], "boom")';
  const aroundItself = "const a = {}, b = { default: a };\na.default = b;\nexport default a;";
  const ofItself = "exports.__esModule = true;\nexports.default = exports;";

  it.each([
    ["duration.json", inRoute('"fresh": "5 min"'), 'route "a", fresh: "5 min" is not a duration'],
    ["route-field.json", inRoute('"frsh": "5m"'), 'route "a": "frsh" is not a field of a route'],
    [
      "field.ts",
      `${defining}export default defineConfig({ rotes: [] });`,
      'at the top: "rotes" is not',
    ],
    ["named.js", `export const config = ${fields};`, "no default export"],
    ["promise.js", `export default Promise.resolve({});`, 'instance of "Promise"'],
    ["function.js", `export default () => (${fields});`, "is a function"],
    ["list.json", "[]", 'instance of "Array"'],
    ["throwing.js", 'throw new Error("boom");', 'failed with "Error: boom"'],
    ["throwing-many.js", `throw ${manyErrors};`, 'failed with "AggregateError: boom"'],
    ["name.ts", "export default defneConfig({});", "defneConfig is not defined"],
    ["throwing-no-text.js", "throw Object.create(null);", "failed with"],
    ["itself.cjs", ofItself, '"default" is not a field'],
    ["each-other.js", aroundItself, '"default" is not a field'],
    ["syntax.ts", "export default {\n", "Line 2, column 1: Expected"],
  ])("refuses %s", async (name, text, says) => {
    await expect(loadConfig(await written(name, text))).rejects.toMatchObject({
      name: "OperatorError",
      message: expect.stringContaining(says) as string,
    });
  });

  it("refuses a module that does not finish loading", async () => {
    const path = await written("endless.js", "await new Promise(() => {});\nexport default {};");
    await expect(loadConfig(path, { loadMsMax: 1 })).rejects.toThrow(
      "It did not finish loading within 0.001 s",
    );
  });

  it("shows a valid duration beside an invalid one", async () => {
    const text = `${defining}export default defineConfig({ originTimeout: "30s", routes: [{ name: "a", match: "*",\nfresh: "30 s" }] });`;
    await expect(checkTypes(await written("duration.ts", text))).rejects.toThrow(
      /Line 3, column 1: Type '"30 s"' is not assignable to type '.*Duration<"5m">/,
    );
  });

  it("refuses a type error in an imported file, and names that file", async () => {
    await written("lifetimes.ts", 'export const fresh: number = "5m";\n');
    const path = await written(
      "imports.ts",
      'import { fresh } from "./lifetimes.ts";\nexport default {};\nexport const used = fresh;\n',
    );
    await expect(checkTypes(path)).rejects.toThrow(
      /lifetimes\.ts has a type error\. Line 1, column 14: Type /,
    );
  });

  it("accepts a project whose tsconfig asks for output, as `tsc --init` and libraries write it", async () => {
    const text = `${defining}export default defineConfig(${fields});`;
    const path = await written("emitting.ts", text);
    await mkdir(join(folder, "node_modules"));
    await symlink(join(root, "node_modules/typescript"), join(folder, "node_modules/typescript"));
    const initial = { declaration: true, declarationMap: true, sourceMap: true, types: [] };
    const emitting = { composite: true, rootDir: "./src", outDir: "./dist", strict: true };
    const compilerOptions = { ...initial, ...emitting };
    await written("tsconfig.json", JSON.stringify({ compilerOptions }));
    // The sources need the compiler options of this repository.
    const stub = "export const defineConfig = <T>(config: T): T => config;";
    const alias = { tidemark: await written("stub.ts", stub) };
    await expect(checkTypes(path, { ...ownLibrary, folder, alias })).resolves.toBeUndefined();
  });

  it("accepts correct types, and those of the sources in this repository", async () => {
    const from = JSON.stringify(join(root, "src/parts/operate/operate.ts"));
    const text = `import { operate } from ${from};\n${defining}export default defineConfig({ parts: [operate()] });`;
    const modules = [...accepted, { name: "sources.ts", text }];
    for (const one of modules) await written(one.name, one.text);
    // One run of the compiler checks all: it also reports faults of imported files.
    const names = modules.map(({ name }) => name).filter((name) => name.endsWith(".ts"));
    const all = names.map((name) => `import "./${name}";`).join("\n");
    await expect(checkTypes(await written("all.ts", all))).resolves.toBeUndefined();
  });

  it.each(accepted.filter(({ name }) => name === "plain.js" || name === "plain.json"))(
    "accepts a module without types: $name",
    async ({ name, text }) => {
      await expect(checkTypes(await written(name, text))).resolves.toBeUndefined();
    },
  );
});

describe("node local/check-config.ts", () => {
  const script = join(root, "local/check-config.ts");
  const run = (path: string, cwd = root) =>
    promisify(execFile)(process.execPath, [script, path], { timeout: 120_000, cwd });

  it("refuses a route that bypasses the cache and is never reached", async () => {
    const routes = [
      { name: "all", match: "/*" },
      { name: "mine", match: "/me/*", bypass: true },
    ];
    const text = `export default defineConfig(${JSON.stringify({ routes })});`;
    await expect(run(await written("hidden.js", defining + text))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("never reached, so its pages may be stored.") as string,
    });
  });

  /** Checks a configuration with an `operatorHost` beside a wrangler file with an environment. */
  async function runDeployed(host: string, date: string, more = "") {
    const text = `export default { operatorHost: "ops.example", ${more} };`;
    const path = await written("operator-host.js", text);
    const cwd = await mkdtemp(join(folder, "wrangler-"));
    const general = 'compatibility_date = "2026-11-01"\n[vars]\nSITE_HOST = "a.example"\n';
    const staging = `[env.staging]\ncompatibility_date = ${date}\nvars.SITE_HOST = "b.example ${host}"\n`;
    await writeFile(join(cwd, "wrangler.toml"), general + staging);
    return run(path, cwd);
  }

  it.each([
    [
      "an operatorHost that is also in SITE_HOST",
      "ops.example",
      "2024-11-11",
      "ops.example is also operatorHost",
    ],
    [
      "a date with which no Worker starts",
      "c.example",
      '"2024-11-10"',
      "compatibility_date 2024-11-10",
    ],
  ])("refuses, in an environment of the wrangler file, %s", async (_, host, date, says) => {
    const stderr = expect.stringContaining(says) as string;
    await expect(runDeployed(host, date)).rejects.toMatchObject({ code: 1, stderr });
  });

  it("ends with 0 and a warning for a useless option, although a timer is open", async () => {
    const vain = '{ name: "a", match: "/a", bypass: true, fresh: "5m" }';
    const more = `routes: [${vain}] };\nsetInterval(() => {}, 1_000);\n{`;
    const { stdout, stderr } = await runDeployed("c.example", "2024-11-11", more);
    expect(stderr).toMatch(/^Warning: Route "a" has fields .* fresh\./);
    expect(stdout).toMatch(/operator-host\.js is accepted: 1 route\.\n$/);
  });

  it.each([
    [
      "field.js",
      "setInterval(() => {}, 1_000);\nexport default { hotkeys: 5 };",
      '"hotkeys" is not a field',
    ],
    [
      "types.ts",
      `export default ${fields};\nexport const fresh: number = "5m";`,
      "types\\.ts has a type error\\. Line 2, column 14: Type ",
    ],
  ])("ends with 1 and one line for an invalid module: %s", async (name, text, says) => {
    const path = await written(name, text);
    const failed = (await run(path).catch((cause: unknown) => cause)) as Record<string, unknown>;
    expect(failed["code"]).toBe(1);
    expect(failed["stderr"]).toMatch(new RegExp(`^[^\n]*${says}[^\n]*\n$`));
  });

  it.each([
    { name: "while-it-loads.js", text: `process.exit(0);\nexport default ${fields};` },
    {
      name: "while-types-are-checked.ts",
      text:
        "declare const process: { exit(code: number): void };\n" +
        `setTimeout(() => process.exit(0), 1);\n${defining}export default defineConfig(${fields});`,
    },
  ])("refuses a module that ends the process: $name", async ({ name, text }) => {
    await expect(run(await written(name, text))).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^[^\n]*It ended the process [^\n]*\n$/) as string,
    });
  });
});
