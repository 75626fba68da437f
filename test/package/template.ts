// Uses templates/site as a user does who has copied it: installs the packed tarball, checks the
// site, starts it in front of a local origin, and purges from plain Node.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { root } from "../../local/bundling.ts";
import { freePort } from "../../local/free-port.ts";
import { Running } from "../../local/running.ts";
import { type Listening, listening } from "../../testing/listening.ts";
import { check, newerEnv, newerNode, quietInstall, run, step } from "./commands.ts";
import { filesIn } from "./examples.ts";

const host = "127.0.0.1";
const startMsMax = 30_000;
const stopMsMax = 5_000;
const purgeSecret = "whsec_pn1u2pHDwTpHKG0VUYgvZqH/MwKJq4LO";
const env = { ...newerEnv, WRANGLER_SEND_METRICS: "false" };

/**
 * Takes each step of a new user.
 *
 * @param tarballs the paths of the packed library and command
 * @param folder the folder to create
 * @throws Error for the first step that fails
 */
export async function useTemplate(tarballs: string[], folder: string): Promise<void> {
  await step("template: install", () => installed(tarballs, folder));
  await step("template: a placeholder", () => refusedPlaceholder(folder));
  await step("template: deploy, dry", () => deployed(folder));
  await step("template: a client of Upstash", () => typedWithUpstash(folder));
  await step("template: other routes", () => testedWithOtherRoutes(folder));
  await step("template: a refused configuration", () => refused(folder));
  await step("template: dev, and a purge", () => servedAndPurged(folder));
}

async function installed(tarballs: string[], folder: string): Promise<void> {
  await cp(join(root, "templates/site"), folder, {
    recursive: true,
    filter: (path) => !path.endsWith("node_modules"),
  });
  await run("npm", ["install", ...quietInstall, ...tarballs], folder, env);
}

const dryDeploy = ["run", "deploy", "--", "--dry-run"];

/** Deploys the template as it is, which fails, and then fills in the origin. */
async function refusedPlaceholder(folder: string): Promise<void> {
  const told = await run("npm", dryDeploy, folder, env).catch(String);
  check(told.includes("ORIGIN_URL is still the placeholder."), `Nothing is refused:\n${told}`);
  check(!told.includes("Total Upload"), "A placeholder would be uploaded.");
  const path = join(folder, "wrangler.jsonc");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace("https://www.example.com", "https://origin.site.test"));
}

/** Runs `npm run deploy` dry. It checks the types and runs the folder's test first. */
async function deployed(folder: string): Promise<void> {
  const told = await run("npm", dryDeploy, folder, env);
  check(told.includes("passed"), `npm run deploy ran no test:\n${told}`);
  check(told.includes("--dry-run: exiting now."), `npm run deploy built nothing:\n${told}`);
}

/** Checks the types of a Worker that passes a client of @upstash/redis, of its own bindings. */
async function typedWithUpstash(folder: string): Promise<void> {
  const path = join(folder, "src/worker.ts");
  const text = await readFile(path, "utf8");
  const document = await readFile(join(root, "docs/stores.md"), "utf8");
  const content = filesIn(document).find(({ name }) => name === "worker.ts")?.content ?? "";
  check(content.includes("Redis.fromEnv(env)"), "docs/stores.md has no such Worker.");
  try {
    await writeFile(path, content.replace("./tidemark", "../tidemark"));
    await run("npm", ["run", "check"], folder, env);
  } finally {
    await writeFile(path, text);
  }
}

/** Runs the template's test with routes of another site. The test must follow from the routes. */
async function testedWithOtherRoutes(folder: string): Promise<void> {
  const path = join(folder, "tidemark.config.ts");
  const text = await readFile(path, "utf8");
  const routes = `{ name: "in", match: "*", when: { cookie: ["login"] }, bypass: true },
    { name: "writes", match: "/w/*", methods: ["POST"] },
    { name: "mine", match: ["/@:user", "*.shop.example/*"], bypass: true },
    { name: "wiki", match: ["/wiki/Foo_\\\\(bar\\\\)", "/*.pdf"], origin: "files", fresh: "1m" },
    { name: "own", match: "/own/*", key: { cookies: ["session"] }, fresh: "1m" },
    { name: "files", match: "/files/*", cookies: { ignore: ["*"] }, fresh: "1m" },`;
  const origins = 'origins: { files: { url: "https://files.example" } },';
  // The command init writes the second one for a site that allows nothing to be cached.
  const others = [
    { written: `${origins} routes: [${routes}]`, count: "(6 tests)" },
    {
      written: 'routes: [{ name: "all", match: "*", bypass: true }]',
      count: "(2 tests | 1 skipped)",
    },
  ];
  try {
    for (const { written, count } of others) {
      const other = text.replace(/routes: \[[^]*\n {2}\]/, () => written);
      await writeFile(path, other);
      const told = await run("npm", ["test"], folder, env);
      check(told.includes(count), `The test does not follow from the routes:\n${told}`);
    }
  } finally {
    await writeFile(path, text);
  }
}

async function refused(folder: string): Promise<void> {
  const path = join(folder, "tidemark.config.ts");
  const text = await readFile(path, "utf8");
  try {
    await writeFile(path, text.replace('match: "*"', 'match: "news"'));
    const told = await run("npm", dryDeploy, folder, env).catch(String);
    check(
      told.includes('match: "news" matches nothing'),
      `The refusal does not name the fault:\n${told}`,
    );
    check(!told.includes("Total Upload"), "A configuration that is refused would be uploaded.");
  } finally {
    await writeFile(path, text);
  }
}

async function servedAndPurged(folder: string): Promise<void> {
  const running = new Running();
  const left = ["cache", "do/tidemark-site-TidemarkRecords"].map((path) =>
    join(folder, ".wrangler/state/v3", path),
  );
  const markers = left.map((path) => join(path, "of-the-run-before"));
  for (const marker of markers) await mkdir(marker, { recursive: true });
  try {
    const origin = await running.add(startOrigin());
    await writeSecrets(folder, { PURGE_SECRET: purgeSecret, ADMIN_TOKEN: "" });
    const { url } = await running.add(startDev(folder, origin.url));
    await expectAnswers(url, { body: "version 1", status: "fwd=uri-miss" });
    await expectAnswers(url, { body: "version 1", status: "hit" });
    origin.change();
    await expectAnswers(url, { body: "version 1", status: "hit" });
    check((await purged(folder, url)).includes("position"), "The purge was not accepted.");
    await expectAnswers(url, { body: "version 2", status: "detail=purged" });
    check(
      left.every(existsSync),
      "The edge tier or the records are elsewhere, so npm run dev would begin with old pages.",
    );
    check(!markers.some(existsSync), "npm run dev begins with the pages of the run before.");
  } finally {
    await running.stop();
  }
}

/** Starts an origin without caching fields, whose pages contain the version of the whole site. */
export async function startOrigin(): Promise<Listening & { change(): void }> {
  let version = 1;
  const server = createServer((_, response) => response.end(`version ${version}`));
  return { ...(await listening(server)), change: () => void (version += 1) };
}

/** Fills in .dev.vars.example, which must name each secret and no other. */
async function writeSecrets(folder: string, secrets: Readonly<Record<string, string>>) {
  const example = await readFile(join(folder, ".dev.vars.example"), "utf8");
  const named = [...example.matchAll(/^(\w+)=$/gm)].map(([, name = ""]) => name);
  const wanted = Object.keys(secrets);
  check(named.join() === wanted.join(), `.dev.vars.example names ${named.join()}.`);
  const filled = example.replaceAll(/^(\w+)=$/gm, (_, name: string) => `${name}=${secrets[name]}`);
  await writeFile(join(folder, ".dev.vars"), filled);
}

async function startDev(folder: string, originUrl: string) {
  const port = await freePort(0, host);
  const own = ["--ip", host, "--port", String(port), "--inspector-port", "0"];
  const parameters = ["run", "dev", "--", "--var", `ORIGIN_URL:${originUrl}`, ...own];
  // A process group of its own, so that the runtime ends with the command.
  const dev = spawn("npm", parameters, { cwd: folder, env, detached: true, stdio: "pipe" });
  let told = "";
  for (const stream of [dev.stdout, dev.stderr]) stream.on("data", (part) => void (told += part));
  const stop = () => ended(dev);
  const untilAtMs = Date.now() + startMsMax;
  while (!told.includes("Ready on")) {
    if (dev.exitCode !== null || Date.now() > untilAtMs) {
      await stop();
      throw new Error(`npm run dev does not start:\n${told}`);
    }
    await delay(100);
  }
  return { url: `http://${host}:${port}`, stop };
}

async function ended(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  process.kill(-pid, "SIGTERM");
  const late = setTimeout(() => process.kill(-pid, "SIGKILL"), stopMsMax);
  await exit;
  clearTimeout(late);
}

async function expectAnswers(url: string, { body, status }: { body: string; status: string }) {
  const response = await fetch(`${url}/articles/fog`);
  const got = await response.text();
  const cacheStatus = response.headers.get("cache-status") ?? "";
  const seen = `${got} (${cacheStatus})`;
  check(got === body && cacheStatus.includes(status), `Not ${body} with ${status}, but ${seen}.`);
  // The miss is stored after its answer.
  await delay(300);
}

const purgeScript = `
import { createPurger } from "tidemark/purger";
const { PURGE_URL, PURGE_SECRET } = process.env;
const purger = createPurger({ url: PURGE_URL, secret: PURGE_SECRET });
console.log(JSON.stringify(await purger.purge({ tags: ["article:fog"] })));
`;

/** Purges from plain Node. */
async function purged(folder: string, url: string): Promise<string> {
  await writeFile(join(folder, "purge.mjs"), purgeScript);
  const settings = { PURGE_URL: `${url}/_cache/purge`, PURGE_SECRET: purgeSecret };
  return run(newerNode, ["purge.mjs"], folder, { ...process.env, ...settings });
}
