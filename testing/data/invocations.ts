// Simulates the limits of Workers on each invocation: six connections that wait for headers, and
// the number of subrequests. Requests take simulated time.
import { afterEach, beforeEach, vi } from "vitest";
import { settledTurn, SimulatedTime } from "../simulation/simulated-time.ts";
import { Invocation, invocations } from "../worker/platform-limits/invocation.ts";

/** The address of a server that is no store. */
export const elsewhere = "https://api.test/";

interface Limits {
  readonly connections?: number;
  readonly subrequests?: number;
}

/** Enables simulated time and limits for all tests of a file. */
export function openInvocations(latencyMs: number) {
  const world = {
    time: new SimulatedTime(settledTurn),
    latencyMs,
    /** Requests that have left an invocation. */
    sent: 0,
    /** The most requests of one invocation that waited at once, in the queue or for an answer. */
    waitingMax: 0,
    /** Runs one invocation, until `work` has ended. */
    async run<T>(work: () => Promise<T>, limits: Limits = {}): Promise<T> {
      const { connections: connectionsMax = 6, subrequests: subrequestsMax = 10_000 } = limits;
      const invocation = new Invocation({ connectionsMax, subrequestsMax });
      const state = { hasEnded: false };
      const ended = invocations.run(invocation, work).finally(() => (state.hasEnded = true));
      ended.catch(() => undefined);
      return world.time.keeping(async () => {
        for (let step = 0; step < 2_000 && !state.hasEnded; step += 1) {
          await world.time.passTo(world.time.atMs + 10);
        }
        if (!state.hasEnded) throw new Error("The invocation has not ended.");
        return ended;
      });
    },
  };
  const connected = async (
    signal: AbortSignal | null | undefined,
    call: () => Promise<Response>,
  ) => {
    const invocation = invocations.getStore();
    if (invocation === undefined) return call();
    world.waitingMax = Math.max(world.waitingMax, invocation.waitingCount + 1);
    return invocation.connect(async () => {
      signal?.throwIfAborted();
      world.sent += 1;
      await world.time.sleep(world.latencyMs);
      return call();
    }, signal);
  };
  beforeEach(() => {
    world.time = new SimulatedTime(settledTurn);
    Object.assign(world, { latencyMs, sent: 0, waitingMax: 0 });
    // Only Workers have this global, and limit connections.
    vi.stubGlobal("WebSocketPair", () => undefined);
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const controller = new AbortController();
      const late = new DOMException("The operation was aborted due to timeout", "TimeoutError");
      world.time.after(ms, () => controller.abort(late));
      return controller.signal;
    });
    const { fetch } = globalThis;
    vi.spyOn(globalThis, "fetch").mockImplementation((url, init) => {
      const { signal } = init ?? {};
      const call = async () => (url === elsewhere ? new Response() : fetch(url, init));
      const answer = connected(signal, call);
      return new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        answer.then(resolve, reject);
      });
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
  return world;
}
