// Tests the second connection, which waits for entries: its options, and a server that never answers.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Cluster } from "ioredis";
import { expect, it, onTestFinished, vi } from "vitest";
import { connectionOf } from "../../../../src/remote/redis/connection/given-connection.ts";
import { newerNode } from "../../../package/commands.ts";

it("a duplicate of a cluster of ioredis 5 keeps the password and TLS", async () => {
  const redisOptions = { password: "secret", tls: {} };
  const nodes = [{ host: "127.0.0.1", port: 1 }];
  const cluster = new Cluster(nodes, { redisOptions, lazyConnect: true });
  onTestFinished(() => cluster.disconnect());
  const duplicate = vi.spyOn(cluster, "duplicate");
  await connectionOf(cluster)
    .duplicate()
    .open()
    .catch(() => undefined);
  // ioredis 5 assigns the changes over the options.
  expect(duplicate.mock.calls[0]?.[1]?.redisOptions).toMatchObject(redisOptions);
});

const openers = {
  ioredis: (
    url: string,
  ) => `import { Redis } from ${JSON.stringify(import.meta.resolve("ioredis"))};
    const client = new Redis("${url}", { lazyConnect: true });`,
  "node-redis": (
    url: string,
  ) => `import { createClient } from ${JSON.stringify(import.meta.resolve("redis"))};
    const client = createClient({ url: "${url}" });`,
};

it.each(["ioredis", "node-redis"] as const)(
  "a server that accepts and never answers does not keep the process alive: %s",
  async (library) => {
    const sockets: { destroy(): void }[] = [];
    const silent = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
    const folder = await mkdtemp(join(tmpdir(), "tidemark-silent-"));
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      silent.close();
      await rm(folder, { recursive: true });
    });
    const from = new URL("../../../../src/remote/redis/connection/", import.meta.url).href;
    const program = `${openers[library](`redis://127.0.0.1:${(silent.address() as AddressInfo).port}`)}
      import { connectionOf } from "${from}given-connection.ts";
      void connectionOf(client).duplicate().open();
      setTimeout(() => console.log("ends"), 1_000);`;
    const file = join(folder, "program.mjs");
    await writeFile(file, program);
    const { stdout } = await promisify(execFile)(newerNode, [file], { timeout: 15_000 });
    expect([stdout, sockets.length]).toEqual(["ends\n", 1]);
  },
  20_000,
);
