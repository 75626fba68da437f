// Runs the recipes of docs/from-any-stack.md against the built Worker. Recipes of programs that are not installed are skipped.
import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { buildWorker } from "../../local/build-worker.ts";
import { root } from "../../local/bundling.ts";
import { Running } from "../../local/running.ts";
import { type PurgeRelay, startPurgeRelay } from "../../testing/wordpress/purge-relay.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";
import { adminToken, until } from "../../testing/worker/world.ts";
import { newerNode } from "../package/commands.ts";
import { filesIn } from "../package/examples.ts";

const page = await readFile(join(root, "docs/from-any-stack.md"), "utf8");
const files = filesIn(page);
const fileOf = (name: string) => files.find((file) => file.name === name)?.content ?? "";
const fixtureOf = (name: string) => readFile(join(root, "testing/stacks", name), "utf8");

const goPackages =
  "bytes context crypto/hmac crypto/sha256 encoding/base64 encoding/json fmt net/http os strings time".split(
    " ",
  );
const goMain = `
func main() {
	if err := Purge(context.Background(), map[string]any{"tags": []string{"article:42"}}); err != nil {
		panic(err)
	}
}
`;

const running = new Running();
afterAll(() => running.stop());
const folder = await mkdtemp(join(tmpdir(), "tidemark-stacks-"));
await running.add(Promise.resolve({ stop: () => rm(folder, { recursive: true }) }));
for (const { name, content } of files) await writeFile(join(folder, name), runnable(name, content));

/** Adds what the page leaves out. */
function runnable(name: string, content: string): string {
  if (name.endsWith(".php")) return `<?php\n${content}`;
  if (name !== "purge.go") return content;
  const imports = goPackages.map((one) => `import "${one}"\n`).join("");
  return `package main\n${imports}${content}${goMain}`;
}

const PURGE_SECRET = "whsec_m4Vq0a1xNw8ZtQ2LrC7sYbGhE5uKfDpJ";
const wrongSecret = `whsec_${Buffer.alloc(24).toString("base64")}`;
const hookSecret = "f6Xq2mW9sLd0vRt7";
const world = await worldOfFile((_, response) => void response.end(), {
  worker: await buildWorker(join(folder, "craft.ts")),
  env: { PURGE_SECRET, HOOK_SECRET_CRAFT: hookSecret },
});

const runs = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const python = ["/usr/bin/python3", "python3"].find((one) => runs(one, "-c", "import django"));
const php = "/usr/share/php";
const installed = {
  python: runs("python3", "--version"),
  Django: python !== undefined,
  PHP: runs("php", "-r", "exit((int) !extension_loaded('curl'));"),
  Symfony: runs(
    "php",
    "-r",
    `(require '${php}/Doctrine/ORM/autoload.php') && require '${php}/Symfony/Component/Messenger/Bridge/Doctrine/autoload.php';`,
  ),
  Twig: runs("php", "-r", `require '${php}/Twig/autoload.php';`),
  Go: runs("go", "version"),
  Rails: runs("ruby", "-e", "require 'active_record'; require 'active_job'; require 'sqlite3'"),
};
for (const [name, is] of Object.entries(installed)) {
  if (!is) console.warn(`${name} is not installed. Its recipe is not tested here.`);
}

const startRelay = () => running.add(startPurgeRelay(world.url));

interface Sent {
  readonly by: string;
  readonly id: string;
  readonly tags: readonly string[];
  readonly urls: readonly string[];
  readonly routes: readonly string[];
  readonly everything: boolean;
}

/** Returns the purges in the journal, the oldest first. A busy Worker may answer late. */
async function journal(): Promise<readonly Sent[]> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const read = () => rawRequest(world.url, "/_cache/journal?last=128", { headers });
  let answer = await read();
  await until(
    async () => answer.status === 200 || (answer = await read()).status === 200,
    "the journal",
  );
  return (JSON.parse(answer.body.toString()) as { entries: readonly Sent[] }).entries;
}

/** Returns the purges that a relay has passed on. */
async function purgesOf({ ids }: PurgeRelay): Promise<readonly Sent[]> {
  const entries = (await journal()).filter(({ id }) => ids.includes(id));
  expect(entries.filter(({ by }) => by !== "signed-request")).toEqual([]);
  return entries;
}

interface Program {
  readonly command: readonly [program: string, ...args: string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

/** Runs a program with the variables of the recipes. Rejects if the program fails. */
async function run(relay: PurgeRelay, { command, env = {}, folder: cwd = folder }: Program) {
  const [program, ...args] = command;
  const variables = { ...process.env, PURGE_URL: relay.url, PURGE_SECRET, ...env };
  return promisify(execFile)(program, args, { cwd, env: variables });
}

/** Writes a fixture with the code of a recipe. @returns the path of the file */
async function written(name: string, recipe: string, marker = "/* recipe */"): Promise<string> {
  const fixture = await fixtureOf(name);
  expect(fixture).toContain(marker);
  const path = join(folder, `with-${name}`);
  await writeFile(
    path,
    fixture.replace(marker, () => recipe),
  );
  return path;
}

it("has recipes of at most 60 words and 20 lines", () => {
  const sections = page.split(/^##+ /m).slice(1);
  const tooLong = sections.filter((section) => {
    const blocks = [...section.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, code = ""]) => code);
    const lines = blocks.map(
      (code) => code.replace(/^(?:\/\/|#) [\w.-]+\n/, "").split("\n").length - 1,
    );
    const words = section
      .replaceAll(/^```.*?^```$/gms, "")
      .replaceAll(/\]\([^)]*\)/g, "]")
      .split(/\s+/);
    return Math.max(0, ...lines) > 20 || words.filter(Boolean).length > 60;
  });
  expect(tooLong).toEqual([]);
});

const tags = ["article:42"];
const order = JSON.stringify({ tags });
/** Each purges the tag by the function of its language. */
const functions: readonly (Program & { readonly name: string; readonly isInstalled: boolean })[] = [
  { name: "Shell", isInstalled: true, command: ["sh", "purge.sh", order] },
  {
    name: "Python",
    isInstalled: installed.python,
    command: ["python3", "-c", 'from tidemark import purge; purge(tags=["article:42"])'],
  },
  {
    name: "PHP",
    isInstalled: installed.PHP,
    command: ["php", "-r", "require 'purge.php'; purge(['tags' => ['article:42']]);"],
  },
  { name: "Go", isInstalled: installed.Go, command: ["go", "run", "purge.go"] },
];

describe.concurrent("the function", () => {
  for (const program of functions) {
    it.skipIf(!program.isInstalled)(
      `repeats a purge without an answer: ${program.name}`,
      async () => {
        const relay = await startRelay();
        relay.set("interrupts-once");
        await run(relay, program);
        await run(relay, program);
        expect(await purgesOf(relay)).toMatchObject([{ tags }, { tags }]);
        expect(relay.ids).toEqual([relay.ids[0], relay.ids[0], relay.ids[2]]);
      },
    );
  }

  for (const program of functions.filter(({ name }) => name !== "Go")) {
    it.skipIf(!program.isInstalled)(
      `reports a refused purge at once: ${program.name}`,
      async () => {
        const relay = await startRelay();
        const env = { PURGE_SECRET: wrongSecret };
        const failure = await run(relay, { ...program, env }).catch((cause: unknown) => cause);
        const { stdout = "", stderr = "" } = failure as { stdout?: string; stderr?: string };
        expect(stdout + stderr).toMatch(/Tidemark did not accept the purge \{.*article:42/);
        expect(relay.ids).toHaveLength(1);
      },
    );
  }

  it("runs as a step of GitHub Actions", async () => {
    const relay = await startRelay();
    const [, step = ""] = /^ {2}run: (.*)$/m.exec(fileOf("purge.yml")) ?? [];
    await run(relay, { command: ["bash", "-e", "-c", step], env: { GITHUB_RUN_NUMBER: "7" } });
    expect(await purgesOf(relay)).toMatchObject([{ tags: ["docs"], reason: "run 7" }]);
  });
});

describe.concurrent("the framework", () => {
  it.skipIf(!installed.Django)("Django and Wagtail purge after the commit", async () => {
    const relay = await startRelay();
    const blog = join(folder, "blog");
    await mkdir(blog);
    await writeFile(join(blog, "models.py"), await fixtureOf("models.py"));
    for (const name of ["tidemark.py", "signals.py", "backends.py"]) {
      await writeFile(join(blog, name), fileOf(name));
    }
    const command = [python ?? "", join(root, "testing/stacks/django-site.py")] as const;
    await run(relay, { command, env: { PYTHONPATH: folder } });
    const sent = await purgesOf(relay);
    expect(sent.flatMap((one) => one.tags)).toEqual([
      "articles",
      "article:42",
      "articles",
      "article:42",
    ]);
    const both = ["https://site.test/news/", "http://site.test/news/"];
    expect(sent.flatMap((one) => one.urls)).toEqual(both);
    const refused = { PYTHONPATH: folder, PURGE_SECRET: wrongSecret };
    const { stderr } = await run(relay, { command, env: refused });
    expect(stderr.match(/RuntimeError: Tidemark did not accept the purge/g)).toHaveLength(3);
  });

  it.skipIf(!installed.Symfony)(
    "Symfony stores purges in the transaction of the change",
    async () => {
      const relay = await startRelay();
      const path = await written("symfony.php", fileOf("PurgeListener.php"));
      const { stdout } = await run(relay, { command: ["php", path] });
      expect(stdout.split("\n")).toEqual(Array(3).fill('{"tags":["articles","article:1"]}'));
      expect(await purgesOf(relay)).toMatchObject([{ tags: ["articles", "article:1"] }]);
    },
  );

  it.skipIf(!installed.PHP)("TYPO3 purges the tags that it clears", async () => {
    const relay = await startRelay();
    const path = await written("typo3.php", fileOf("Purges.php"));
    const { stdout } = await run(relay, { command: ["php", path] });
    expect(stdout).toBe("Cache-Tag: pageId_12\nTYPO3 clears its caches.\n");
    await run(relay, { command: ["php", path, "all"] });
    const cleared = ["pageId_12", "tt_content", "pageId_1", "news"];
    expect(await purgesOf(relay)).toMatchObject([
      { tags: cleared, everything: false },
      { everything: true },
    ]);
  });

  it.skipIf(!installed.Rails)("Rails purges after the commit, and repeats the job", async () => {
    const relay = await startRelay();
    const [, callback = ""] = /`(after_commit [^`]*)`/.exec(page) ?? [];
    const path = await written("rails.rb", callback, "# recipe");
    relay.set("interrupts-once");
    await run(relay, { command: ["ruby", path] });
    expect(await purgesOf(relay)).toMatchObject([{ tags: ["articles", "article:42"] }]);
    expect(relay.ids).toEqual([relay.ids[0], relay.ids[0]]);
  });

  it("Drizzle purges the tables that it changes, and a refused purge fails no query", async () => {
    const relay = await startRelay();
    const path = join(folder, "drizzle.ts");
    const placeOf = (name: string) =>
      name === "tidemark/purger" ? join(root, "src/purger.ts") : import.meta.resolve(name);
    const program = `${fileOf("with-drizzle.ts")}\n${await fixtureOf("drizzle.txt")}`;
    await writeFile(
      path,
      program.replaceAll(/ from "([^"]+)";/g, (_, name: string) => ` from "${placeOf(name)}";`),
    );
    const command = [newerNode, "--no-warnings", path] as const;
    const { stdout } = await run(relay, { command });
    expect(await purgesOf(relay)).toMatchObject([{ tags: ["articles"] }]);
    const env = { PURGE_SECRET: wrongSecret };
    expect(await run(relay, { command, env })).toMatchObject({
      stdout,
      stderr: expect.stringContaining("401") as string,
    });
  });

  it.skipIf(!installed.Twig)("Craft's payload purges by the hook", async () => {
    const [, payload = ""] = /^```twig\n(.*?)\n```$/ms.exec(page) ?? [];
    const rendered = spawnSync("php", [join(root, "testing/stacks/craft.php")], { input: payload });
    const send = (secret: string) =>
      rawRequest(world.url, "/_cache/hooks/craft", {
        method: "POST",
        headers: { "content-type": "application/json", "x-hook-secret": secret },
        body: rendered.stdout.toString(),
      });
    expect((await send("another-secret-of-16")).status).toBe(401);
    expect((await send(hookSecret)).status).toBe(200);
    const sent = (await journal()).map((one) => one.tags);
    expect(sent).toContainEqual(["entry:42", "section:news"]);
  });
});
