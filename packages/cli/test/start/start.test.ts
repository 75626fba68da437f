// Tests `tidemark start` as a separate process in the folder of a site, with the package installed
// there.
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { endAll, ended, freePorts, isOpen, startRun, told } from "../../../../test/local/runs.ts";
import { startScriptedOrigin } from "../../../../testing/fakes/scripted-origin.ts";
import { tempFolder } from "../fakes/temp-folder.ts";
import { cacheStatusOf, rawRequest } from "../../../../testing/worker/raw-request.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const script = join(root, "packages/cli/src/tidemark.ts");
const stops = new Set<() => Promise<void>>();
const folder = tempFolder();

afterEach(async () => {
  await endAll();
  for (const stop of stops) await stop();
  stops.clear();
});

const config = (fields: string) => `
import { defineConfig } from "tidemark";
import { dashboard } from "tidemark/dashboard";
import { operate } from "tidemark/operate";
export default defineConfig({
  routes: [{ name: "all", match: "*", ${fields} }],
  parts: [operate(), dashboard()],
});
`;

const main = `
import { upstash } from "tidemark/upstash";
import { createWorker } from "tidemark/worker";
import config from "../tidemark.config.ts";
export default createWorker(config, { stores: upstash() });
`;

const answering = (body: string) => `export default { fetch: () => new Response("${body}") };`;

/** Installs the package into the folder as a link to the sources. */
async function installed(): Promise<void> {
  const exports = {
    ".": "./src/tidemark.ts",
    "./worker": "./src/worker.ts",
    "./cloudflare": "./src/cloudflare.ts",
    "./dashboard": "./src/parts/dashboard/dashboard.ts",
    "./operate": "./src/parts/operate/operate.ts",
    "./esi": "./src/parts/esi/esi.ts",
    "./query": "./src/parts/query/query.ts",
    "./slices": "./src/parts/slices/slices.ts",
    "./upstash": "./src/upstash.ts",
  };
  const manifest = JSON.stringify({ name: "tidemark", type: "module", exports });
  await folder.write("node_modules/tidemark/package.json", manifest);
  await symlink(join(root, "src"), join(folder.path, "node_modules/tidemark/src"));
}

async function origin(): Promise<string> {
  const started = await startScriptedOrigin((request, response) => {
    response.end(`${request.url} for ${String(request.headers["x-of"])}`);
  });
  stops.add(() => started.stop());
  return started.url;
}

async function siteWithWrangler(): Promise<void> {
  await installed();
  await folder.write("tidemark.config.ts", config('fresh: "5m"'));
  await folder.write("src/worker.ts", main);
  const vars = { ORIGIN_URL: "http://127.0.0.1:9", ADMIN_TOKEN: "as-the-file-has-it" };
  await folder.write("wrangler.jsonc", JSON.stringify({ main: "src/worker.ts", vars }));
  await folder.write(".dev.vars", `ORIGIN_URL=${await origin()}\nPURGE_SECRET=`);
}

async function start(...args: readonly string[]) {
  const port = await freePorts();
  const run = startRun(script, ["start", "--port", String(port), ...args], { folder: folder.path });
  return { run, port, url: `http://127.0.0.1:${port}` };
}

describe("`tidemark start` in the folder of a site", () => {
  it("runs the wrangler file's Worker, and reloads a change in all colos", async () => {
    await siteWithWrangler();
    const { run, port, url } = await start("--colos", "2");
    await told(run, "/_cache/stats\n");
    expect(run.output()).toMatch(/PURGE_SECRET=whsec_/);
    expect(run.output()).not.toMatch(/^ *ADMIN_TOKEN=/m);
    expect(run.output()).toContain("ADMIN_TOKEN is that of .dev.vars, or of the wrangler file.\n");
    expect(run.output()).toContain(`${url}/_cache/ `);
    expect(run.output()).toContain(`export TIDEMARK_SITE=${url} TIDEMARK_TOKEN="$ADMIN_TOKEN"`);
    const page = await rawRequest(url, "/a");
    expect([page.status, page.body.toString()]).toEqual([200, "/a for undefined"]);
    await told(run, /colo-1 {2}200 {2}miss stored .* GET \/a\n/);
    expect(cacheStatusOf(await rawRequest(url, "/a"))).toContain("detail=memory");

    await folder.write("tidemark.config.ts", config("bypass: true"));
    await told(run, /Reloaded in/);
    for (const colo of [url, `http://127.0.0.1:${port + 1}`]) {
      expect(cacheStatusOf(await rawRequest(colo, "/a"))).toContain("fwd=bypass");
    }
    expect(await ended(run.child, "SIGINT")).toBe(0);
    for (const [, used] of run.output().matchAll(/http:\/\/127\.0\.0\.1:(\d+) colo/g)) {
      expect(await isOpen(Number(used))).toBe(false);
    }
  });

  it("keeps the previous Worker while the new Worker or a variable is faulty", async () => {
    await siteWithWrangler();
    const { run, url } = await start();
    await told(run, "/_cache/stats\n");
    await rawRequest(url, "/a");
    await told(run, "miss stored");
    await folder.write("src/worker.ts", "export default ;");
    await told(run, /Not reloaded, .*worker\.ts cannot be bundled\. Line 1, column 16: /);
    await folder.write("src/worker.ts", `${main}throw new Error("at its start");`);
    await told(run, /Not reloaded, .*The Worker does not start\. .*Error: at its start\. Fix/);
    await folder.write("src/worker.ts", "export const worker = 1;");
    await told(run, /does not start\. .*The main module has no default export\. Fix/);
    expect(cacheStatusOf(await rawRequest(url, "/a"))).toContain("hit");
    await folder.write("src/worker.ts", main);
    await told(run, /Reloaded in/);
    await folder.write(".dev.vars", "ORIGIN_URL=ftp://origin.test");
    await told(
      run,
      /ORIGIN_URL is invalid\.[^]*Not reloaded, .*The Worker does not start\. The log lines/,
    );
    expect((await rawRequest(url, "/a")).status).toBe(200);
    expect(await ended(run.child, "SIGINT")).toBe(0);
  });

  it("runs a configuration without a wrangler file, and repeats a warning at the end", async () => {
    await installed();
    await folder.write(
      "tidemark.config.ts",
      'export default { routes: [{ name: "any", match: "/:any" }, { name: "late", match: "/late" }] };',
    );
    const { run, url } = await start("--origin", await origin());
    await told(run, "/_cache/stats\n");
    expect(run.errors()).toMatch(/^Warning: Route "late" is never reached\./);
    for (let page = 0; page < 21; page += 1) await rawRequest(url, `/${page}`);
    await told(run, "GET /20\n");
    expect(await ended(run.child, "SIGINT")).toBe(0);
    expect(run.errors()).toMatch(/Warnings during the run:\n {2}Route "late" is never reached\./);
  });
});

describe("`tidemark start` for a site with its journal in a Durable Object", () => {
  const objects = {
    durable_objects: { bindings: [{ name: "JOURNAL", class_name: "TidemarkJournal" }] },
    exports: { TidemarkJournal: { type: "durable-object", storage: "sqlite" } },
  };
  const withJournal = main
    .replace("stores: upstash()", "stores: { journal: durableObjectJournal() }")
    .replace(/^/, 'import { durableObjectJournal } from "tidemark/cloudflare";');
  const exported = 'export { TidemarkJournal } from "tidemark/cloudflare";';

  it("starts no Redis, and a purge in one colo reaches the other", async () => {
    await siteWithWrangler();
    await folder.write("src/worker.ts", withJournal + exported);
    await folder.write("wrangler.jsonc", JSON.stringify({ main: "src/worker.ts", ...objects }));
    const token = "a-token-of-the-test-2f9c";
    await folder.write(".dev.vars", `ORIGIN_URL=${await origin()}\nADMIN_TOKEN=${token}`);
    const { run, port, url } = await start("--colos", "2");
    await told(run, "/_cache/stats\n");
    expect(run.output()).toContain("Durable Objects, without Redis");
    expect(run.output()).not.toContain("Valkey");
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ everything: true });
    const purge = await fetch(`${url}/_cache/purge`, { method: "POST", headers, body });
    expect(purge.status).toBe(200);
    const { position } = (await purge.json()) as { position: string };
    const journal = await fetch(`http://127.0.0.1:${port + 1}/_cache/journal`, { headers });
    expect(await journal.text()).toContain(position);
    expect(await ended(run.child, "SIGINT")).toBe(0);
  });

  it("exits with 1 if the Worker does not export the class", async () => {
    await siteWithWrangler();
    await folder.write("src/worker.ts", withJournal);
    await folder.write("wrangler.jsonc", JSON.stringify({ main: "src/worker.ts", ...objects }));
    const { run } = await start();
    expect(await ended(run.child)).toBe(1);
    expect(run.errors()).toMatch(/worker\.ts does not export TidemarkJournal\. .*export \{/);
  });
});

describe("`tidemark start` with a Worker that does not use Tidemark", () => {
  it("reloads if the wrangler file names another Worker, or if that Worker changes", async () => {
    await installed();
    await folder.write("src/one.js", answering("one"));
    await folder.write("src/two.js", answering("two"));
    const wrangler = (name: string) =>
      `main = "src/${name}.js"\n[[queues.producers]]\nbinding = "KV"\n`;
    await folder.write("wrangler.toml", wrangler("one"));
    const { run, url } = await start();
    await told(run, "/_cache/stats\n");
    expect(run.errors()).toMatch(/^Warning: wrangler\.toml has bindings .*KV \(queues\)/);
    const body = async () => (await rawRequest(url, "/a")).body.toString();
    expect(await body()).toBe("one");
    await folder.write("wrangler.toml", wrangler("two"));
    await told(run, /Reloaded in/);
    expect(await body()).toBe("two");
    await folder.write("src/two.js", answering("three"));
    await told(run, /Reloaded in[^]*Reloaded in/);
    expect(await body()).toBe("three");
    expect(await ended(run.child, "SIGINT")).toBe(0);
  });

  it("shows the names of the application's code in the stack of an error", async () => {
    await installed();
    const code = `function openTheSafe() { throw new Error("locked"); }
export default { fetch: async () => openTheSafe() };`;
    await folder.write("worker.js", code);
    await folder.write("wrangler.toml", 'main = "worker.js"\n');
    const { run, url } = await start();
    await told(run, "/_cache/stats\n");
    expect((await rawRequest(url, "/a")).status).toBe(500);
    await told(run, /locked[^]*openTheSafe/);
    expect(await ended(run.child, "SIGINT")).toBe(0);
  });

  it("runs a Worker that is a class", async () => {
    await installed();
    await folder.write("wrangler.toml", 'main = "worker.js"\n');
    await folder.write(
      "worker.js",
      `import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  fetch() { return new Response(this.env.ADMIN_TOKEN === undefined ? "no" : "given"); }
}`,
    );
    const { run, url } = await start();
    await told(run, "/_cache/stats\n");
    expect((await rawRequest(url, "/a")).body.toString()).toBe("given");
    await told(run, /200 {2}- +\d+ ms {2}GET \/a\n/);
    expect(await ended(run.child, "SIGINT")).toBe(0);
  });
});

describe("`tidemark start` with a faulty project", () => {
  const named = { "tidemark.config.ts": config('fresh: "5m"') };
  const unknownField = { "tidemark.config.ts": config("frsh: 1") };
  const refusing = ["--origin", "http://127.0.0.1:9"];
  const broken = { ...named, "wrangler.toml": "main =" };

  it.each<[id: string, files: Record<string, string>, args: string[], says: RegExp]>([
    ["an empty folder", {}, [], /There is nothing to start in .*tidemark init/],
    ["no origin", named, [], /No origin is specified\. .*--origin.*ORIGIN_URL/],
    ["an invalid configuration", unknownField, refusing, /"frsh" is not a field of a route/],
    ["an invalid wrangler file", broken, [], /wrangler\.toml cannot be read\. Line 1, column \d+/],
  ])("exits with 1 and prints one error: %s", async (_, files, args, says) => {
    await installed();
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    const { run } = await start(...args);
    expect(await ended(run.child)).toBe(1);
    const lines = run.errors().trim().split("\n");
    expect(lines.at(-1)).toMatch(says);
    expect(lines.filter((line) => !line.startsWith("Warning: "))).toHaveLength(1);
    expect(run.output()).toBe("");
  });

  it("reports a type error in the configuration if the project has TypeScript", async () => {
    await installed();
    await symlink(
      join(root, "node_modules/typescript"),
      join(folder.path, "node_modules/typescript"),
    );
    await folder.write("fresh.ts", 'export const fresh = "5m";');
    const typed = `import { fresh } from "./fresh.ts";${config("fresh")}`;
    await folder.write("tidemark.config.ts", `${typed}export const count: number = fresh;`);
    const { run } = await start("--origin", "http://127.0.0.1:9");
    expect(await ended(run.child)).toBe(1);
    expect(run.errors()).toMatch(/config\.ts has a type error\. Line 9, column 14: Type /);
  });

  it("reports that the package tidemark is missing", async () => {
    await folder.write("tidemark.config.ts", config('fresh: "5m"'));
    const { run } = await start();
    expect(await ended(run.child)).toBe(1);
    expect(run.errors()).toMatch(
      /The package tidemark is missing\. .*npm install path\/to\/tidemark-[\d.]+tgz path\/to\/tidemark-cli-[\d.]+tgz there/,
    );
  });
});

it("the template's package.json requires Node 22.12 or later", async () => {
  const manifest = await readFile(join(root, "templates/site/package.json"), "utf8");
  expect(manifest).toContain('"node": ">=22.12"');
});
