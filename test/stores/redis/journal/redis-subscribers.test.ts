// Tests that the states of subscribers in Redis are sealed: a changed state counts as lost.
import { expect, it } from "vitest";
import { RedisSubscribers } from "../../../../src/stores/redis/journal/redis-subscribers.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../../../testing/fakes/fake-upstash.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

it("a state that somebody without the key has changed counts as lost, and can be replaced", async () => {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const { url, token } = upstash;
  const sealKeys = ["vN2yqk7Rr0sWl1oXf8ZcUeB4tHpJmG6d9aQ3KxT5uVY="];
  const redis = upstashStore.client({ url, token, nowAtMs: clock.nowAtMs, sealKeys });
  const subscribers = new RedisSubscribers({ redis, namespace: "site", nowAtMs: clock.nowAtMs });
  const { version } = (await subscribers.replace("edge", "", '{"id":"1"}')) as { version: string };
  expect(await subscribers.read(["edge"])).toMatchObject({ states: [{ version, text: version }] });
  const forged = version.replace('"1"', '"2"');
  upstash.subscribers.set("edge", forged);
  expect(await subscribers.read(["edge"])).toMatchObject({
    states: [{ version: forged, text: "" }],
  });
  // The seal of another target is not valid either.
  upstash.subscribers.set("search", version);
  expect(await subscribers.read(["search"])).toMatchObject({ states: [{ text: "" }] });
  expect(await subscribers.replace("edge", forged, '{"id":"3"}')).toMatchObject({
    kind: "replaced",
  });
});
