// Tests on workerd that the object of a journal leaves the memory while a Worker listens for hints, so
// that Cloudflare does not bill its time, and that it still sends the next hint.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished, vi } from "vitest";
import { bundled } from "../../../local/bundling.ts";
import { startColo } from "../../../local/colo.ts";

it("an object sleeps while a Worker listens, and a purge wakes it and reaches the listener", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-hints-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const worker = await bundled({
    entryPoints: [fileURLToPath(new URL("listening-worker.ts", import.meta.url))],
    minify: false,
  });
  const shared = { objects: { JOURNAL: "Journal" }, host: "HOST", folder };
  const colo = await startColo({ name: "HOST", worker, port: 0, env: {}, shared });
  onTestFinished(() => colo.stop());
  const call = async (path: string, ask: object = {}): Promise<unknown> => {
    const init = { method: "POST", body: JSON.stringify(ask) };
    return (await fetch(`${colo.url}${path}`, init)).json();
  };
  const append = async (n: string) => {
    const entries = [{ n, fields: ["v", "1"], tags: [], prefixes: [] }];
    const bounds = { keptCount: 9, countMax: 9, charsMax: 9_999 };
    const reply = await call("/append", { request: n, entries, ...bounds });
    return (reply as { places: [{ position: string }] }).places[0].position;
  };
  const first = await append("a");
  await fetch(`${colo.url}/listen?ms=20000`);
  await vi.waitUntil(async () => ((await call("/heard")) as string[]).length === 1);
  expect(await call("/starts")).toEqual([1, 1]);
  // The runtime removes an idle object from the memory after 10 s.
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  const second = await append("b");
  await vi.waitUntil(async () => ((await call("/heard")) as string[]).length === 2);
  expect(await call("/heard")).toEqual([first, second]);
  expect(await call("/starts")).toEqual([2, 1]);
  await vi.waitUntil(async () => ((await call("/starts")) as number[])[1] === 0, 20_000);
});
