// The checks of a deployment: a new build replaces a running one, at the same address and over the same stores.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Framework } from "./rows.ts";
import type { Site } from "./site.ts";

/** The parts of an example's page list that differ in the new build. */
const [before, after] = ["<ul>", '<ul title="new">'];

/** How to build and start the example. */
interface Deployment {
  readonly folder: string;
  /** Whether Tidemark serves the files, and keeps those of older builds. Cloudflare serves them before Tidemark. */
  readonly keepsFiles: boolean;
  readonly build: () => Promise<unknown>;
  /** Starts the site, always at the same address. */
  readonly start: () => Promise<Site>;
}

/** @throws AssertionError for the first check that fails */
export async function checkRedeploy(framework: Framework, given: Deployment): Promise<void> {
  const { list } = framework;
  const listFile = join(given.folder, framework.listFile);
  const source = await readFile(listFile, "utf8");
  assert.ok(source.includes(before), `${listFile} has ${before}`);
  const old = await atSite(given, async (url) => {
    const page = await untilHit(url + list);
    await checkFiles(url, page.files);
    await writeFile(listFile, source.replace(before, after));
    // Meanwhile, the site stores what was asked.
    await given.build().finally(() => writeFile(listFile, source));
    return page;
  });
  await atSite(given, async (url) => {
    const first = await ask(url + list);
    for (const { text, files } of [first, await untilHit(url + list)]) {
      assert.ok(text.includes(after), `the page is new: ${text.slice(0, 500)}`);
      await checkFiles(url, files);
    }
    const gone = old.files.filter((file) => !first.files.includes(file));
    assert.notEqual(gone.length, 0, "the builds have other files");
    for (const file of given.keepsFiles ? gone : []) {
      const { status, told } = await ask(url + file);
      assert.equal(status, 200, `${file} of the old build`);
      assert.match(told, /; hit/, `${file} of the old build`);
    }
  });
}

async function atSite<T>({ start }: Deployment, check: (url: string) => Promise<T>): Promise<T> {
  const site = await start();
  try {
    return await check(site.url);
  } catch (cause) {
    throw new Error(`${String(cause)}\n${site.log.join("")}`, { cause });
  } finally {
    await site.stop();
  }
}

async function ask(url: string) {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  const files = text.match(/\/(?:assets|_app|_nuxt)\/[\w./-]+\.(?:js|css)/g) ?? [];
  const told = response.headers.get("cache-status") ?? "";
  return { status: response.status, text, told, files: [...new Set(files)] };
}

/** Asks until the answer is a hit, because bodies are stored in the background. */
async function untilHit(url: string) {
  for (let count = 0; count < 20; count += 1) {
    const answer = await ask(url);
    if (/; hit/.test(answer.told)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} never became a hit.`);
}

/** All scripts and styles of a page are there. */
async function checkFiles(url: string, files: readonly string[]): Promise<void> {
  assert.notEqual(files.length, 0, "the page names files");
  for (const file of files) assert.equal((await ask(url + file)).status, 200, file);
}
