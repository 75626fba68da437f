// An operator's look waits as long as the longest read, whatever latency was learnt, and is a probe
// while the database is shut off.
import { afterEach, beforeEach, expect, it } from "vitest";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { passSilence, playTimeouts } from "../../testing/fakes/played-timeouts.ts";
import { UnsteadyRestServer, wellAnswer } from "../../testing/fakes/unsteady-rest-server.ts";

let server: UnsteadyRestServer;
let clock: FakeClock;
let client: RedisClient;

playTimeouts();
beforeEach(async () => {
  server = await UnsteadyRestServer.start();
  server.playSilence = passSilence;
  clock = new FakeClock();
  client = new RedisClient({ url: server.url, token: "t", nowAtMs: clock.nowAtMs });
});
afterEach(() => server.stop());

const attempt = () => client.attempt("look-up", (redis) => redis.ping());
const look = () => client.look("health", (redis) => redis.ping());

it("is answered where a read would not be waited for, and ends the trouble by that", async () => {
  // By a clock that stands still, so that the latency learnt is none.
  for (let nth = 0; nth < 100; nth += 1) await attempt();
  expect(client.readTimeoutMs).toBe(150);
  server.manner = { ...wellAnswer, afterMs: 400 };
  expect(await attempt()).toEqual({ kind: "unavailable", cause: "timeout" });
  expect(client.trouble).toMatchObject({ kind: "timeout", isOver: false });
  const learntMs = client.readTimeoutMs;
  expect(await look()).toEqual({ kind: "answered", value: "PONG" });
  expect(client.trouble).toMatchObject({ isOver: true });
  expect(client.readTimeoutMs).toBe(learntMs);
});

it("counts as a failure, and is sent once a pause while the database is shut off", async () => {
  server.manner = { kind: "closes" };
  for (let nth = 0; nth < 3; nth += 1) {
    expect(await look()).toEqual({ kind: "unavailable", cause: "unreachable" });
    clock.advance(0.1);
  }
  expect(client.isShutOff).toBe(true);
  expect(await look()).toEqual({ kind: "unavailable", cause: "shut-off" });
  expect(server.asked).toHaveLength(3);
  server.manner = wellAnswer;
  clock.advance(2);
  expect(await look()).toEqual({ kind: "answered", value: "PONG" });
  expect(client.isShutOff).toBe(false);
});
