// Plays a small site for hours, and checks that the bench of a day finds a leak, a purge that has no
// effect, and failures without an outage.
import { expect, it } from "vitest";
import { growthIn, growthOf } from "../../bench/day/flat.ts";
import { Day, type DaySettings } from "../../bench/day/played-day.ts";
import { PlayedTime } from "../../bench/scale/played-time.ts";

const small: DaySettings = {
  seed: 3,
  hours: 4,
  coloCount: 2,
  requestsPerSecond: 0.06,
  pageCount: 10,
  editsPerHour: 20,
  outagesPerHour: 2,
  maxLagSeconds: 10,
};

const played = (settings: Partial<DaySettings> = {}) => {
  const time = new PlayedTime();
  return time.keeping(() => new Day({ ...small, ...settings }, time).play(() => 1));
};

it("keeps the promise through outages and deployments, and counts each request", async () => {
  const day = await played();
  expect(day.violations).toEqual([]);
  expect(day.countedCount).toBe(day.askedCount);
  expect(growthIn(day.samples)).toEqual([]);
  for (const count of [day.purgeCount, day.deploymentCount, day.outageCount, day.failedCount]) {
    expect(count).toBeGreaterThan(0);
  }
});

it("finds purges that have no effect", async () => {
  const { violations } = await played({ hours: 1, planted: "unsent-purges" });
  expect(violations[0]).toMatch(/^\/pages\/\d had version 1 at .*, not 2\.$/);
});

it("finds failures without an outage of the origin", async () => {
  const { violations } = await played({ hours: 1, outagesPerHour: 0, planted: "failing-origin" });
  expect(violations[0]).toMatch(/ had status 50\d at .*, while the origin worked\.$/);
});

it("finds timers that nothing ends", async () => {
  const { samples } = await played({ hours: 2, planted: "timer-per-request" });
  expect(growthIn(samples)).toEqual([expect.stringMatching(/^timers grew from \d+ to \d+\.$/)]);
});

it.each([
  [[1, 100, 90, 110], []],
  [[1, 100, 111, 90], ["keys grew from 100 to 111."]],
  [[200, 100, 150, 100], []],
])("compares the largest values of the halves: %j", (values, growth) => {
  expect(growthOf("keys", values, { share: 0.1, constant: 5 })).toEqual(growth);
});
