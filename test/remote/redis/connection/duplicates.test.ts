// Tests the second connection, which waits for entries: its options, and a server that never answers.
import { Cluster } from "ioredis";
import { expect, it, onTestFinished, vi } from "vitest";
import { connectionOf } from "../../../../src/remote/redis/connection/given-connection.ts";

it("a duplicate of a cluster of ioredis 5 keeps the password and TLS", async () => {
  const redisOptions = { password: "secret", tls: {} };
  const nodes = [{ host: "127.0.0.1", port: 1 }];
  const cluster = new Cluster(nodes, { redisOptions, lazyConnect: true });
  onTestFinished(() => cluster.disconnect());
  const duplicate = vi.spyOn(cluster, "duplicate");
  await connectionOf(cluster)
    .duplicate()
    .catch(() => undefined);
  // ioredis 5 assigns the changes over the options.
  expect(duplicate.mock.calls[0]?.[1]?.redisOptions).toMatchObject(redisOptions);
});
