// Tests that a signal ends a run whose start does not end.
import { afterAll, expect, it } from "vitest";
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

it("prints nothing after a signal during the start", async () => {
  const read = readStartOptions([]);
  if (read === "help") throw new Error("These are no options.");
  const printed: unknown[] = [];
  const print = (...parts: unknown[]) => void printed.push(parts);
  const run = runSite({
    options: read.options,
    environment: {},
    terminal: { print, json: print, note: print },
    startOrigin: () => Promise.reject(new Error("not asked")),
    readProject: () => new Promise(() => undefined),
  });
  process.emit("SIGINT");
  await run;
  expect(printed).toEqual([]);
}, 5_000);
