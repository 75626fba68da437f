// The built Worker: its size under a budget, and nothing in it that no request needs.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { buildWorker } from "../../local/build-worker.ts";
import {
  bundleBytesMax,
  bundleContents,
  bundledPackages,
  bundleGzipBytesMax,
  packageOf,
} from "../../local/bundle-contents.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** A module of Node's own would not be found, and end this with the name of who imports it. */
const contents = await bundleContents();

it("stays under its budget", () => {
  expect(contents.bytes).toBeGreaterThan(100_000);
  expect(contents.bytes).toBeLessThanOrEqual(bundleBytesMax);
  expect(contents.gzipBytes).toBeLessThanOrEqual(bundleGzipBytesMax);
});

it("holds the packages that are listed, and no other", () => {
  const packages = new Set(contents.files.map(({ path }) => packageOf(path)));
  packages.delete(undefined);
  expect(packages).toEqual(new Set<string | undefined>(Object.keys(bundledPackages)));
});

it("holds of our own files those of src and the configuration alone", () => {
  const own = contents.files.filter(({ path }) => packageOf(path) === undefined);
  expect(own.length).toBeGreaterThan(50);
  const foreign = own.filter(
    ({ path }) => !/^(?:src\/|worker\.ts$|tidemark\.config\.ts$)/.test(path),
  );
  expect(foreign).toEqual([]);
});

it("has nothing in it of what an origin imports", () => {
  expect(contents.files.filter(({ path }) => path.startsWith("src/purger/"))).toEqual([]);
});

it("has nothing in it of data, which this site has none of", () => {
  expect(contents.files.filter(({ path }) => path.startsWith("src/data/"))).toEqual([]);
});

it("has of webhooks, which this site has none of, only what tells a sender from other values", () => {
  const ofWebhooks = contents.files.filter(({ path }) => path.startsWith("src/webhooks/"));
  expect(ofWebhooks.map(({ path }) => path)).toEqual(["src/webhooks/port/hook.ts"]);
});

it("is byte for byte what a deployment uploads", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-deploy-"));
  try {
    const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
    const parameters = [wrangler, "deploy", "--dry-run", "--outdir", folder];
    // The test's own environment would make another build of it.
    const env = { ...process.env, NODE_ENV: "production", WRANGLER_SEND_METRICS: "false" };
    await promisify(execFile)(process.execPath, parameters, { cwd: root, env });
    const uploaded = await readFile(join(folder, "worker.js"), "utf8");
    expect(uploaded.replace(/^\/\/# sourceMappingURL=.*\n?/m, "") === (await buildWorker())).toBe(
      true,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
