// Lengthens time-outs of the product, for suites that do not test time-outs.
import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { LatencyBound } from "../src/remote/latency-bound.ts";

/** Lengthens the time-outs, because a real database on a busy machine may exceed them. */
export function lengthenTimeouts(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  beforeAll(() => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => timeout(30 * ms));
    vi.spyOn(LatencyBound.prototype, "timeoutMs", "get").mockReturnValue(10_000);
  });
  afterAll(() => void vi.restoreAllMocks());
}

/** Lengthens all timers to a minute, because Miniflare is slow on a busy machine. */
export function lengthenTimers(): void {
  const { setTimeout } = globalThis;
  beforeEach(() => {
    vi.spyOn(globalThis, "setTimeout").mockImplementation((run, ms = 0) =>
      setTimeout(run, Math.max(ms, 60_000)),
    );
  });
  afterEach(() => void vi.restoreAllMocks());
}

/** Lengthens the time-outs of a bundled Worker. */
export const patientBundle: Plugin = {
  name: "patient-bundle",
  setup: (building) => {
    building.onLoad({ filter: /\/src\/remote\/latency-bound\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const contents = text
        .replace(
          "[readMsMax, writeMsMax] = [1_000, 5_000]",
          "[readMsMax, writeMsMax] = [30_000, 30_000]",
        )
        .replace("timeoutMsMin = 500", "timeoutMsMin = 30_000")
        .replace("pageWaitMsMin = 150", "pageWaitMsMin = 30_000");
      if (contents.split("30_000").length !== 5) throw new Error(`${path} has other timeouts now.`);
      return { contents, loader: "ts" };
    });
  },
};
