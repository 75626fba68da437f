// Tests that `npm start` runs the same Worker that a deployment uploads.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { buildWorker } from "../../local/build-worker.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("the Worker of `npm start` has exactly the bytes that a deployment uploads", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-deploy-"));
  try {
    const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
    const parameters = [wrangler, "deploy", "--dry-run", "--outdir", folder];
    // The environment of the test runner would change the build.
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
