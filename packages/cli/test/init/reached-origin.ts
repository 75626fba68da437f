// Presents a test's origin to the command as its network, and runs the application with the
// configuration that init wrote.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadConfig } from "../../../../local/load-config.ts";
import type { createApp } from "../../../../src/app.ts";
import { bundled, root } from "../../../../local/bundling.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import type { Judgement } from "../../src/origin/judge-page.ts";

export type Handle = (request: Request) => Response | Promise<Response>;

export interface ToldPage {
  readonly path: string;
  readonly judgement: Judgement;
}

/** The output of `init --json`, as far as tests read it. */
export interface Told {
  readonly platform: string;
  readonly pages: readonly ToldPage[];
  readonly findings: readonly { readonly code: string; readonly text: string }[];
  readonly written: readonly string[];
  readonly kept: readonly string[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** Returns a network that reaches only `origin`. Requests to other origins fail. */
export function reaching(origin: string, handle: Handle) {
  const asked: string[] = [];
  const reach: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (request.redirect !== "manual")
      throw new Error("The command must not let fetch follow redirects.");
    if (url.origin !== origin) throw new TypeError("fetch failed");
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    return handle(request);
  };
  return { fetch: reach, asked };
}

export async function initialised(origin: string, handle: Handle, args: readonly string[] = []) {
  const { fetch, asked } = reaching(origin, handle);
  const user = await FakeUser.at({ fetch });
  const ran = await user.runs(["init", origin, "--json", ...args]);
  return { user, asked, ran, told: JSON.parse(ran.out) as Told };
}

export function judgements({ pages }: Told): Record<string, string> {
  return Object.fromEntries(pages.map(({ path, judgement }) => [path, judgement.kind]));
}

/** Opens the real application with the written configuration in front of `handle`. */
export async function siteBehind(user: FakeUser, handle: Handle) {
  const configPath = join(user.folder, "tidemark.config.ts");
  const config = await loadConfig(configPath);
  const platform = {
    fetch: () => Promise.reject(new TypeError("fetch failed")),
    nowAtMs: new FakeClock().nowAtMs,
    random: () => 0.5,
    turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
    log: () => undefined,
  };
  const app = (await appOf(configPath))(platform, handle);
  /**
   * Requests a path twice, because only the second response can be a hit.
   *
   * @returns Cache-Status of the second response
   */
  const cacheStatusOf = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    let said = "";
    for (let turn = 0; turn < 2; turn += 1) {
      const behind: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>) => void behind.push(work);
      const context = { waitUntil, passThroughOnException: () => undefined, props: {} };
      const request = new Request(`https://www.example.com${path}`, { headers });
      const response = await app.fetch(request, {}, context);
      await response.text();
      await Promise.all(behind);
      said = response.headers.get("cache-status") ?? "";
    }
    return said;
  };
  return { config, cacheStatusOf };
}

/** Bundles a configuration with the application, which refuses one that another copy checked. */
async function appOf(path: string) {
  const contents =
    `import config from ${JSON.stringify(path)};\n` +
    `import { createApp } from ${JSON.stringify(join(root, "src/app.ts"))};\n` +
    "export const appFor = (platform, handle) => createApp(config, {}, platform, { origins: { default: handle } });\n";
  const text = await bundled({ stdin: { contents, resolveDir: root, sourcefile: "app.ts" } });
  const module = `${path}.mjs`;
  await writeFile(module, text);
  const loaded = (await import(pathToFileURL(module).href)) as {
    appFor: (
      platform: Parameters<typeof createApp>[2],
      handle: Handle,
    ) => ReturnType<typeof createApp>;
  };
  return loaded.appFor;
}
