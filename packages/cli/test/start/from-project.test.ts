// Whose wrangler runs the Worker: that of the project, or a plain word about what is missing.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fromProject } from "../../src/start/from-project.ts";
import { tempFolder } from "../fakes/temp-folder.ts";

const folder = tempFolder();
beforeEach(() => void vi.spyOn(process, "cwd").mockReturnValue(folder.path));
afterEach(() => void vi.restoreAllMocks());

/** Nested, as npm does it where another version stands above. */
async function installed(text: string): Promise<void> {
  await folder.write("node_modules/wrangler/package.json", '{ "name": "wrangler" }');
  const inner = "node_modules/wrangler/node_modules/miniflare";
  await folder.write(`${inner}/package.json`, '{ "main": "main.cjs" }');
  await folder.write(`${inner}/main.cjs`, text);
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
