// Runs the outbox example of the purger's README.md over a database file, and kills the process
// after it has sent a purge and before the answer. The restarted process sends the same purge.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { listening } from "../../testing/listening.ts";
import { acceptance } from "./fakes.ts";

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

interface Received {
  readonly id: unknown;
  readonly order: unknown;
}

/** Starts a stand-in for Tidemark, which leaves every purge unanswered until `accept` is called. */
async function startReceiver() {
  const received: Received[] = [];
  let accepts = false;
  let onTry = (): void => undefined;
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = await incoming.toArray();
    const order: unknown = JSON.parse(Buffer.concat(chunks).toString());
    received.push({ id: incoming.headers["webhook-id"], order });
    onTry();
    if (accepts) outgoing.end(JSON.stringify({ ...acceptance, position: "7-0" }));
  });
  const { url, stop } = await listening(server);
  endings.push(stop);
  return {
    url: `${url}/_cache/purge`,
    received,
    accept: () => (accepts = true),
    /** Resolves as soon as the receiver has received `count` tries in total. */
    tries: (count: number) =>
      new Promise<void>((resolve) => {
        onTry = () => void (received.length >= count && resolve());
        onTry();
      }),
  };
}

const readmeUrl = new URL("../../src/purger/README.md", import.meta.url);
const packageUrl = new URL("../../src/purger/", import.meta.url).href;

/** Returns the code of the example, with the given database file and a free port. */
async function exampleOver(databasePath: string): Promise<string> {
  const readme = await readFile(readmeUrl, "utf8");
  const code = /## Hono, with an outbox in SQLite\n\n```ts\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const replaced = [
    ['"./purger/', `"${packageUrl}`],
    ['"news.db"', JSON.stringify(databasePath)],
    [
      "port: 3000 });",
      "port: 0 }, ({ port }) => process.stdout.write(`http://127.0.0.1:${port}`));",
    ],
  ] as const;
  return replaced.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replaceAll(from, to);
  }, code);
}

async function startSite(
  program: string,
  purgeUrl: string,
): Promise<{ process: ChildProcess; url: string }> {
  const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    env: { ...process.env, PURGE_URL: purgeUrl, PURGE_SECRET: secret },
    stdio: ["ignore", "pipe", "ignore"],
  });
  endings.push(() => child.kill("SIGKILL"));
  const [url] = await once(child.stdout, "data");
  return { process: child, url: String(url) };
}

it("sends the same purge again after a restart over the same database file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "outbox-killed-"));
  endings.push(() => rm(folder, { recursive: true, force: true }));
  const tidemark = await startReceiver();
  const program = await exampleOver(join(folder, "news.db"));
  const first = await startSite(program, tidemark.url);
  const article = "/articles/fog-signal-tested";
  const changed = await fetch(first.url + article, { method: "PUT", body: "Corrected" });
  expect(changed.status).toBe(204);
  await tidemark.tries(1);
  first.process.kill("SIGKILL");
  await once(first.process, "exit");

  tidemark.accept();
  const second = await startSite(program, tidemark.url);
  expect(await (await fetch(second.url + article)).text()).toBe("Corrected");
  await tidemark.tries(2);
  const [before, after] = tidemark.received;
  expect(after).toEqual(before);
  expect(after?.order).toMatchObject({ tags: ["article:fog-signal-tested"] });
});
