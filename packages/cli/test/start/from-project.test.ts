// Tests that `tidemark start` loads miniflare from the project's wrangler, or reports why it
// cannot.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fromProject } from "../../src/start/from-project.ts";
import { tempFolder } from "../fakes/temp-folder.ts";

const folder = tempFolder();
beforeEach(() => void vi.spyOn(process, "cwd").mockReturnValue(folder.path));
afterEach(() => void vi.restoreAllMocks());

/** Installs a nested miniflare, as npm does if the project also has another version. */
async function installed(text: string): Promise<void> {
  await folder.write("node_modules/wrangler/package.json", '{ "name": "wrangler" }');
  const inner = "node_modules/wrangler/node_modules/miniflare";
  await folder.write(`${inner}/package.json`, '{ "main": "main.cjs" }');
  await folder.write(`${inner}/main.cjs`, text);
}

it("`fromProject` loads the miniflare of the project's wrangler", async () => {
  await installed("exports.Miniflare = 'of the project';");
  const { Miniflare } = await fromProject("miniflare", ["Miniflare"]);
  expect(Miniflare).toBe("of the project");
});

it("`fromProject` refuses a miniflare without a required export", async () => {
  await installed("exports.Miniflare = 'of the project';");
  await expect(fromProject("miniflare", ["Miniflare", "Log"])).rejects.toThrow(
    /^The wrangler of this project cannot be used\. Its miniflare has no Log\. Run npm install/,
  );
});
