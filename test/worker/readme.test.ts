// Runs the application of the README and that of docs/hono-upstash.md on workerd.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { aliasOf, bundled, root } from "../../local/bundling.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const alias = {
  ...aliasOf(root),
  "tidemark/data": join(root, "src/data-cache.ts"),
  "tidemark/hono": join(root, "src/hono.ts"),
};

/** Starts the Worker whose files a document has. Each is a code block whose first line is its name. */
async function started(document: string, main: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const text = readFileSync(join(root, document), "utf8").replaceAll(/^ {3}/gm, "");
  for (const [, name = "", content = ""] of text.matchAll(/^```ts\n\/\/ ([\w.-]+)\n(.*?)^```$/gms))
    writeFileSync(join(folder, name), content);
  const worker = await bundled({
    entryPoints: [join(folder, main)],
    alias,
    external: ["cloudflare:workers"],
    nodePaths: [join(root, "node_modules")],
  });
  return (await worldOfFile((_, response) => void response.end(), { worker })).url;
}

const urls = {
  "README.md": await started("README.md", "articles.ts"),
  "docs/hono-upstash.md": await started("docs/hono-upstash.md", "worker.ts"),
};

it.each(Object.entries(urls))("stores a page, and purges it by its tag: %s", async (_, url) => {
  const read = async () => {
    const response = await fetch(`${url}/articles/42`);
    const fate = (response.headers.get("cache-status") ?? "").replace(/; (?:ttl|detail)=.*/, "");
    return [fate, await response.text()];
  };
  const loaded = "tidemark; fwd=uri-miss; fwd-status=200; stored";
  expect(await read()).toEqual([loaded, "Tides"]);
  expect(await read()).toEqual(["tidemark; hit", "Tides"]);
  const init = { method: "PUT", body: "Tides and lakes" };
  const put = await fetch(`${url}/admin/articles/42`, init);
  expect(await put.text()).toBe("Published.");
  const reloaded = "tidemark; fwd=stale; fwd-status=200; stored";
  expect(await read()).toEqual([reloaded, "Tides and lakes"]);
  expect(await read()).toEqual(["tidemark; hit", "Tides and lakes"]);
});
