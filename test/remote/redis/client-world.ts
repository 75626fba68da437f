// A Redis client over a REST server whose failures a test selects, with a simulated clock and
// time-outs.
import { afterEach, beforeEach } from "vitest";
import type { LogLine } from "../../../src/observe/log-line.ts";
import type { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { passSilence, playTimeouts } from "../../../testing/fakes/played-timeouts.ts";
import { UnsteadyRestServer } from "../../../testing/fakes/unsteady-rest-server.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

export const token = "the-secret-token";
export const storedValue = "the-stored-value";
export const hashKey = "the-key-of-the-value";
export const oom = "OOM command not allowed when used memory > 'maxmemory'.";
export const answered = { kind: "answered", value: "PONG" };
export const breakerOpen = { kind: "unavailable", cause: "breaker-open" };

/** Opens a new server and client for each test of a file. */
export function openClientWorld() {
  const world = {} as {
    server: UnsteadyRestServer;
    clock: FakeClock;
    client: RedisClient;
    /** The messages of the log. */
    told: string[];
    /** Background work. */
    later: (() => Promise<void>)[];
  };
  const clientOf = (url: string, options: object = {}) =>
    upstashStore.client({
      url,
      token,
      nowAtMs: world.clock.nowAtMs,
      tell: ({ message }: LogLine) => void world.told.push(message),
      ...options,
    });
  playTimeouts();
  beforeEach(async () => {
    const [server, clock] = [await UnsteadyRestServer.start(), new FakeClock()];
    Object.assign(world, { server, clock, told: [], later: [] });
    server.playSilence = (ms) => void (clock.atMs += passSilence(ms, server.url));
    world.client = clientOf(server.url);
  });
  afterEach(() => world.server.stop());
  return Object.assign(world, {
    clientOf,
    read: (from = world.client) =>
      from.read<unknown>(
        "look-up",
        (redis) => redis.exec(["GET", hashKey]),
        (work) => world.later.push(work),
      ),
    write: () =>
      world.client.write<unknown>("probe", (redis) => redis.exec(["SET", hashKey, storedValue])),
    remove: () => world.client.remove<unknown>("probe", (redis) => redis.exec(["DEL", hashKey])),
    look: () => world.client.look("health", (redis) => redis.exec(["PING"])),
    /** Lets the server answer each command with an error. */
    refuse(error: string, status = 400): void {
      world.server.manner = { kind: "answers", status, body: JSON.stringify({ error }) };
    },
  });
}
