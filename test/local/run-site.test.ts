// Tests what ends a run whose start does not end.
import { afterAll, expect, it, onTestFinished, vi } from "vitest";
import { runSite } from "../../local/run/run-site.ts";
import { readStartOptions } from "../../local/start-options.ts";

/** The run replaces the listeners of this process. */
const before = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => ({
  signal,
  listeners: process.listeners(signal),
}));
afterAll(() => {
  for (const { signal, listeners } of before) {
    process.removeAllListeners(signal);
    for (const listener of listeners) process.on(signal, listener as () => void);
  }
});

/** Runs a site whose start does not end. Returns what it printed. */
async function printedUntil(event: () => unknown): Promise<unknown[]> {
  const read = readStartOptions([]);
  if (read === "help") throw new Error("These are no options.");
  const printed: unknown[] = [];
  const print = (...parts: unknown[]) => void printed.push(parts);
  const run = runSite({
    options: read.options,
    environment: { npm_lifecycle_event: "start" },
    terminal: { print, json: print, note: print },
    startOrigin: () => Promise.reject(new Error("not asked")),
    readProject: () => new Promise(() => undefined),
  });
  await event();
  await run;
  return printed;
}

it("prints nothing after a signal during the start", async () => {
  expect(await printedUntil(() => process.emit("SIGINT"))).toEqual([]);
}, 5_000);

it("ends when npm's shell has ended, to which npm passes a signal", async () => {
  vi.useFakeTimers();
  const shell = vi.spyOn(process, "ppid", "get").mockReturnValue(7);
  onTestFinished(() => void vi.useRealTimers());
  onTestFinished(() => shell.mockRestore());
  const ending = async () => {
    shell.mockReturnValue(1);
    await vi.advanceTimersByTimeAsync(1_000);
  };
  expect(await printedUntil(ending)).toEqual([]);
}, 5_000);
