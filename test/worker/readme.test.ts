// Runs the application at the top of the README on workerd.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { aliasOf, root } from "../../local/bundling.ts";
import { bundledText } from "../../testing/bundled-text.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const [, block = ""] =
  /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
const alias = {
  ...aliasOf(root),
  "tidemark/data": join(root, "src/data-cache.ts"),
  "tidemark/hono": join(root, "src/hono.ts"),
};
const stdin = {
  contents: block,
  resolveDir: root,
  sourcefile: "articles.ts",
  loader: "ts",
} as const;
const worker = await bundledText("", { stdin, alias, external: ["cloudflare:workers"] });
const { url } = await worldOfFile((_, response) => void response.end(), { worker });

it("stores a page, and purges it by its tag", async () => {
  const read = async () => {
    const response = await fetch(`${url}/articles/42`);
    const fate = (response.headers.get("cache-status") ?? "").replace(/; (?:ttl|detail)=.*/, "");
    return [fate, await response.text()];
  };
  const loaded = "tidemark; fwd=uri-miss; fwd-status=200; stored";
  expect(await read()).toEqual([loaded, "Tides"]);
  expect(await read()).toEqual(["tidemark; hit", "Tides"]);
  // A PUT of the page's own URL would invalidate it without a purge.
  const put = await fetch(`${url}/articles/42?draft`, { method: "PUT", body: "Tides and lakes" });
  expect(await put.text()).toBe("Published.");
  const reloaded = "tidemark; fwd=stale; fwd-status=200; stored";
  expect(await read()).toEqual([reloaded, "Tides and lakes"]);
  expect(await read()).toEqual(["tidemark; hit", "Tides and lakes"]);
});
