// Simulates the delivery of purges under faults: none is lost, the cursor passes no unconfirmed purge,
// and the rate limits hold.
import { describe, expect, it } from "vitest";
import type { Subscribers } from "../../../src/purge/journal/subscribers.ts";
import { openNetworkOfFakes } from "../../../testing/fakes/fake-upstash.ts";
import { shareOf } from "../../../testing/histories.ts";
import { playedOutward } from "./outward-history.ts";
import { stores } from "./outward-world.ts";

openNetworkOfFakes();

const faults = { endShare: 0.01, lostShare: 0.03, stallShare: 0.005 };
const calm = { endShare: 0.005, lostShare: 0.005, stallShare: 0 };
/** Together 10,000 purges. */
const seeds = Array.from({ length: shareOf(10) }, (_, nth) => nth + 1);

describe.each(stores)("over %s", (store) => {
  it.each(seeds)("no purge is lost in history %i", async (seed) => {
    const shares = seed % 3 === 0 ? calm : faults;
    const result = await playedOutward({ seed, store, purgeCount: 500, ...shares });
    expect(result.breaches).toEqual([]);
    expect(result.endedCount).toBeGreaterThan(3);
    expect(result.requestCount).toBeGreaterThan(400);
  });
});

type State = Record<string, unknown>;

/** Changes each state before it is written. */
const rewriting =
  (change: (state: State) => State) =>
  (subscribers: Subscribers): Subscribers => ({
    ...subscribers,
    replace: (name, version, text) =>
      subscribers.replace(name, version, JSON.stringify(change(JSON.parse(text) as State))),
  });

describe("the histories find a planted fault", () => {
  it.each([
    {
      fault: "the cursor moves before the target has confirmed",
      plant: rewriting((state) => {
        const { lock, cursor } = state as { lock?: object; cursor?: { position: string } };
        if (lock === undefined || cursor === undefined) return state;
        const [ms = 0] = cursor.position.split("-").map(Number);
        return { ...state, cursor: { ...cursor, position: `${ms + 2_000}-0` } };
      }),
    },
    {
      fault: "a state is written although another isolate has changed it",
      plant: (subscribers: Subscribers): Subscribers => ({
        ...subscribers,
        async replace(name, _, text) {
          const read = await subscribers.read([name]);
          const version = read.kind === "read" ? (read.states[0]?.version ?? "") : "";
          return subscribers.replace(name, version, text);
        },
      }),
    },
    {
      fault: "buckets are not stored",
      shares: calm,
      plant: rewriting((state) => ({ ...state, buckets: {} })),
    },
  ])("$fault", async ({ plant, shares = faults }) => {
    const found: string[] = [];
    for (let seed = 1; seed <= 5 && found.length === 0; seed += 1) {
      const settings = { seed, store: "Redis", purgeCount: 300, plant, ...shares } as const;
      found.push(...(await playedOutward(settings)).breaches);
    }
    expect(found).not.toEqual([]);
  });
});
