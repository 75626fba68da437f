// Tests purges after a failover: the name leads to another server, and the open connection to a replica.
import { connect, createServer } from "node:net";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, expect, it, vi } from "vitest";
import { startEmbeddedValkey } from "../../../../local/embedded-valkey.ts";
import { Running } from "../../../../local/running.ts";
import { RedisRefusal } from "../../../../src/remote/redis/redis.ts";
import { createDataCache, type GivenConnection } from "../../../../src/node-cache.ts";
import { listening } from "../../../../testing/listening.ts";
import { playedConnection } from "./played-connection.ts";

const running = new Running();
afterEach(() => running.stop());

/** Starts a server whose new connections lead to a target that a test changes. Open ones stay. */
async function startName(target: { url: string }) {
  const server = createServer((client) => {
    const { hostname, port } = new URL(target.url);
    const onward = connect(Number(port), hostname);
    for (const socket of [client, onward]) socket.on("error", () => undefined);
    client.on("close", () => onward.destroy());
    client.pipe(onward).pipe(client);
  });
  const { port, stop } = await listening(server);
  return { url: `redis://127.0.0.1:${port}`, stop };
}

type Opened = { given: GivenConnection; stop: () => Promise<void> };

const clients: Record<"ioredis" | "node-redis", (url: string) => Promise<Opened>> = {
  async ioredis(url: string) {
    const given = new Redis(url);
    given.on("error", () => undefined);
    return { given, stop: async () => given.disconnect() };
  },
  async "node-redis"(url: string) {
    const given = createClient({ url });
    given.on("error", () => undefined);
    await given.connect();
    return { given, stop: async () => given.destroy() };
  },
};

it.each(["ioredis", "node-redis"] as const)(
  "a process purges again after its server was demoted under an open connection of %s",
  async (library) => {
    const [primary, next] = [
      await running.add(startEmbeddedValkey()),
      await running.add(startEmbeddedValkey()),
    ];
    const target = { url: primary.url };
    const name = await running.add(startName(target));
    const { given } = await running.add(clients[library](name.url));
    const cache = createDataCache({ redis: given, log: () => undefined });
    const purged = async () =>
      cache.purge({ tags: ["a"] }).then(
        () => true,
        () => false,
      );
    expect(await purged()).toBe(true);
    target.url = next.url;
    const operator = new Redis(primary.url);
    await running.add(Promise.resolve({ stop: async () => operator.disconnect() }));
    await operator.replicaof("127.0.0.1", 9);
    expect(await purged()).toBe(false);
    await expect.poll(purged, { interval: 20, timeout: 60_000 }).toBe(true);
  },
);

it.each([
  { id: "once a minute", first: "OK", passesMs: 59_000, isCluster: false, reconnections: 1 },
  { id: "again after a minute", first: "OK", passesMs: 61_000, isCluster: false, reconnections: 2 },
  {
    id: "never to a replica by choice",
    first: "READONLY",
    passesMs: 61_000,
    isCluster: false,
    reconnections: 0,
  },
  { id: "never for a cluster", first: "OK", passesMs: 61_000, isCluster: true, reconnections: 0 },
])("connects again $id", async ({ first, passesMs, isCluster, reconnections }) => {
  const reconnect = vi.fn<() => void>();
  const answers = [first, "READONLY", "READONLY", "READONLY"];
  const send = async () => {
    const answer = answers.shift();
    if (answer === "OK") return answer;
    throw new RedisRefusal("READONLY You can't write against a read only replica.");
  };
  const { transport } = playedConnection({ isCluster, send, reconnect }).address;
  const write = () => transport("single", [["SET", "a", "b"]], 1_000);
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  for (const _ of ["first", "second"]) await write();
  now.mockReturnValue(passesMs);
  await write();
  vi.restoreAllMocks();
  expect(reconnect).toHaveBeenCalledTimes(reconnections);
});
