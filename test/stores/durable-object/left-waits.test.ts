// Tests on workerd that a wait for the next entry ends with the process of its caller. A pending timer
// would keep the object in memory, where Cloudflare bills it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished, vi } from "vitest";
import { bundled } from "../../../local/bundling.ts";
import { startColo } from "../../../local/colo.ts";

it("a wait ends if its caller's process ends, before and after the caller's answer", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-waits-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const worker = await bundled({
    entryPoints: [fileURLToPath(new URL("waiting-worker.ts", import.meta.url))],
    minify: false,
  });
  const shared = { objects: { JOURNAL: "Journal" }, host: "HOST", folder };
  const open = (name: string) => startColo({ name, worker, port: 0, env: {}, shared });
  const host = await open("HOST");
  onTestFinished(() => host.stop());
  const leaving = await open("LEAVING");
  const body = JSON.stringify({ ms: 30_000 });
  for (const path of ["/wait", "/wait/later"]) {
    void fetch(leaving.url + path, { method: "POST", body }).catch(() => undefined);
  }
  const pending = async () => (await fetch(`${host.url}/timers`)).json();
  await vi.waitUntil(async () => (await pending()) === 2, { timeout: 20_000 });
  await leaving.stop();
  await vi.waitUntil(async () => (await pending()) === 0, { timeout: 20_000 });
  expect(await pending()).toBe(0);
});
