// An origin of a test, as the network shows it to the command; and the application behind what init wrote.
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

/** What `--json` says, as far as tests read it. */
export interface Told {
  readonly platform: string;
  readonly pages: readonly ToldPage[];
  readonly findings: readonly { readonly code: string; readonly text: string }[];
  readonly written: readonly string[];
  readonly kept: readonly string[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** Answers under one address, and fails as the network does under any other. */
export function reaching(origin: string, handle: Handle) {
  const asked: string[] = [];
  const reach: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (request.redirect !== "manual") throw new Error("Redirects may lead anywhere.");
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

/** The real application with the written configuration, before the same origin. */
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
  /** Twice, since a hit is the second answer. @returns what Cache-Status says of the second */
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

/** Bundled with the application: a configuration that another copy has checked is refused. */
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
