// Tests write-behind in random histories: accepted changes that are not lost count once, at the end
// and in each exact read. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --write-behind --kind <kind> --replay <seed>`.
import { expect, it } from "vitest";
import { behindHistoryOf } from "../../../testing/simulation/write-behind/behind-history.ts";
import { behindKinds } from "../../../testing/simulation/write-behind/behind-weather.ts";
import { shareOf } from "../../../testing/histories.ts";

const histories = shareOf(300);

it.each(behindKinds)("accepted changes count once: %s", async (kind) => {
  const sum = { reads: 0, slices: 0, accepted: 0 };
  const broken: string[] = [];
  for (let seed = 0; seed < histories; seed += 1) {
    const { violation, reads, slices, accepted } = await behindHistoryOf({ seed, kind });
    if (violation !== undefined) broken.push(`seed ${seed}: ${violation}`);
    sum.reads += reads;
    sum.slices += slices;
    sum.accepted += accepted;
  }
  expect(broken).toEqual([]);
  // Without acceptances, flushes and reads, the histories would prove nothing.
  expect(sum.accepted).toBeGreaterThan(histories * 5);
  expect(sum.slices).toBeGreaterThan(histories * 1.5);
  expect(sum.reads).toBeGreaterThan(histories * 2);
});

it("the same seed gives the same history", async () => {
  const told = async () => {
    const lines: string[] = [];
    await behindHistoryOf({ seed: 12, kind: "failing-over", tell: (line) => lines.push(line) });
    return lines;
  };
  const lines = await told();
  expect(lines.length).toBeGreaterThan(50);
  expect(await told()).toEqual(lines);
});
