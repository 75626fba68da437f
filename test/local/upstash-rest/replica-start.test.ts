// Tests that writes during the start of the replica also reach the replica.
import { expect, it } from "vitest";
import { startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import { together } from "../../../local/running.ts";
import { startUpstashRestServer } from "../../../local/upstash-rest-server.ts";
import { waitTimeout, run } from "./rest-client.ts";

it("the replica repeats writes that came during its start, after the lag", async () => {
  await together(async (running) => {
    const redis = await running.add(startEmbeddedValkey());
    const server = await running.add(startUpstashRestServer({ redisUrl: redis.url, token: "t" }));
    const starting = server.setReplicaLagMs(50);
    const names = Array.from({ length: 200 }, (_, at) => `key ${at}`);
    for (const name of names) await run(server, "SET", name, "v");
    await starting;
    await expect.poll(() => run(server, "EXISTS", ...names), waitTimeout).toBe(names.length);
  });
});
