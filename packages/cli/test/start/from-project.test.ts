// Whose wrangler runs the Worker: that of the project, or a plain word about what is missing.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fromProject } from "../../src/start/from-project.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
  vi.spyOn(process, "cwd").mockReturnValue(folder);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

async function written(name: string, text: string): Promise<void> {
  await mkdir(join(folder, name, ".."), { recursive: true });
  await writeFile(join(folder, name), text);
}

/** Nested, as npm does it where another version stands above. */
async function installed(text: string): Promise<void> {
  await written("node_modules/wrangler/package.json", '{ "name": "wrangler" }');
  const inner = "node_modules/wrangler/node_modules/miniflare";
  await written(`${inner}/package.json`, '{ "main": "main.cjs" }');
  await written(`${inner}/main.cjs`, text);
}

it("takes the runtime that the project's wrangler has", async () => {
  await installed("exports.Miniflare = 'of the project';");
  const { Miniflare } = await fromProject("miniflare", ["Miniflare"]);
  expect(Miniflare).toBe("of the project");
});

it("refuses one that lacks what is needed, and says how to get it", async () => {
  await installed("exports.Miniflare = 'of the project';");
  await expect(fromProject("miniflare", ["Miniflare", "Log"])).rejects.toThrow(
    /^The wrangler of this project cannot be used\. Its miniflare has no Log\. Run npm install/,
  );
});
