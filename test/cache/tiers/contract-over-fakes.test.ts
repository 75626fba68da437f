// Tests the contract of a tier with each fake that other tests use in place of a cache or a
// database.
// Tests with a fake that violates the contract would prove nothing.
import "../../../testing/fakes/workers-globals.ts";
import { describe } from "vitest";
import { EdgeTier } from "../../../src/stores/cache-api/edge-tier.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { responseForm as form } from "../../../src/pages/stored/response-form.ts";
import type { ResponseTier } from "../../../src/pages/stored/stored-response.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../../testing/fakes/fake-upstash.ts";
import { CalmWorld } from "../../../testing/simulation/calm-world.ts";
import { SimulatedCache } from "../../../testing/simulation/simulated-cache.ts";
import { SimulatedRedis } from "../../../testing/simulation/simulated-redis.ts";
import { describeSharedTier, describeTier, type OpenTier } from "./contract/contract.ts";
import { recordOfFieldBytes } from "../../stores/cache-api/edge-records.ts";
import { keep, noise, responseOf } from "../../../testing/examples/records.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

const mebibyte = 1_048_576;

/** @param open receives the function that the tier calls for a bad record */
function opened(
  limits: Omit<OpenTier, "tier" | "badRecordCount">,
  open: (onBadRecord: () => void) => ResponseTier,
): OpenTier {
  let badRecordCount = 0;
  const tier = open(() => (badRecordCount += 1));
  return { ...limits, tier, badRecordCount: () => badRecordCount };
}

const edgeLimits = {
  bodyBytesMax: Infinity,
  takesStreams: true,
  largest: recordOfFieldBytes(120_000),
};

const bodyBytesMax = 2 * mebibyte;
const sharedLimits = {
  bodyBytesMax,
  takesStreams: false,
  largest: responseOf(noise(bodyBytesMax)),
  tooLarge: responseOf(noise(bodyBytesMax + 1)),
};
const sharedSettings = { form, namespace: "site", bodyBytesMax, uploadBytesMax: 64 * mebibyte };

/** Returns a clock at the time of the contract's writes. */
function clockAtWrite(): FakeClock {
  const clock = new FakeClock();
  clock.atMs = keep.atMs;
  return clock;
}

describeTier("edge, over the fake Cache API", async () =>
  opened(edgeLimits, (onBadRecord) => {
    const { nowAtMs } = clockAtWrite();
    const cache = new FakeCache(clockAtWrite());
    return new EdgeTier({ form, cache: () => cache, nowAtMs, onBadRecord });
  }),
);

describeSharedTier("shared, over the fake Upstash", async () => {
  const openOver = (mode: FakeUpstash["mode"]) =>
    opened(sharedLimits, (onBadRecord) => {
      const clock = clockAtWrite();
      const { nowAtMs } = clock;
      const upstash = new FakeUpstash(clock);
      upstash.mode = mode;
      const redis = upstashStore.client({ url: upstash.url, token: upstash.token, nowAtMs });
      return new SharedTier({ ...sharedSettings, redis, onBadRecord, nowAtMs });
    });
  return { ...openOver("works"), failing: openOver("down").tier };
});

describeTier("edge, over the simulated Cache API", async () =>
  opened(edgeLimits, (onBadRecord) => {
    const world = new CalmWorld();
    const cache = new SimulatedCache(world);
    const nowAtMs = () => world.atMs;
    return world.passing<ResponseTier>(
      new EdgeTier({ form, cache: () => cache, nowAtMs, onBadRecord }),
    );
  }),
);

describe.each([
  { id: "with default settings", rewriteFromChars: undefined },
  // The setting of the simulated histories, in which writes of two isolates may overlap.
  { id: "without rewriting unchanged bodies", rewriteFromChars: 0 },
])("with simulated Redis, $id", ({ rewriteFromChars }) => {
  describeTier("shared", async () =>
    opened(sharedLimits, (onBadRecord) => {
      const world = new CalmWorld();
      const { client: redis } = new SimulatedRedis(world);
      const settings = { ...sharedSettings, redis, onBadRecord, nowAtMs: () => world.atMs };
      const rewriting = rewriteFromChars === undefined ? {} : { rewriteFromChars };
      return world.passing<ResponseTier>(new SharedTier({ ...settings, ...rewriting }));
    }),
  );
});
