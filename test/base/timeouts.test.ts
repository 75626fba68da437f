// Tests the limit of a wait in a process that is busy when the limit passes.
import { expect, it, vi, afterEach } from "vitest";
import { OutOfTime, within } from "../../src/base/timeouts.ts";

afterEach(() => void vi.restoreAllMocks().useRealTimers());

/** Lets the timers of this time run so much later, as work of the process does. */
function pass(ms: number, busyMs: number): Promise<unknown> {
  vi.spyOn(performance, "now").mockReturnValue(performance.now() + busyMs);
  return vi.advanceTimersByTimeAsync(ms);
}

it.each([
  { id: "in an idle process", busyMs: 100, isInTime: false },
  { id: "in a process that was busy for 200 ms longer", busyMs: 300, isInTime: true },
])("an answer that arrives as the limit of 100 ms passes is used only $id", async (row) => {
  vi.useFakeTimers();
  let answer: (text: string) => void = () => undefined;
  const arriving = new Promise<string>((resolve) => (answer = resolve));
  const settled = within(arriving, 100).catch((cause: unknown) => cause);
  await pass(100, row.busyMs);
  answer("in time");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await settled).toEqual(row.isInTime ? "in time" : new OutOfTime());
});

it("without an answer, the limit of a busy process is at most twice its length", async () => {
  vi.useFakeTimers();
  const settled = within(new Promise(() => undefined), 100).catch((cause: unknown) => cause);
  await pass(200, 10_000);
  expect(await settled).toBeInstanceOf(OutOfTime);
});
