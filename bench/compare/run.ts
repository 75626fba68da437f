// Runs all histories of one system, with faults.
import { together } from "../../local/running.ts";
import { Draws } from "../../testing/draws.ts";
import { Breaking } from "../histories/breaking.ts";
import type { Bounds, Failure, Fault, Purge, Read, Seen } from "../histories/events.ts";
import { Origin } from "../histories/origin.ts";
import { type Clients, playAll, type PlayedHistory } from "../histories/play.ts";
import { nowAtMs } from "../load/ask.ts";
import { type Adapter, processCount, type System } from "./adapter.ts";
import { type Judged, violationsIn } from "./judge.ts";
import { type Call, plansOf } from "./plans.ts";

interface RunSettings {
  readonly historyCount: number;
  /** The number of histories at a time. */
  readonly togetherCount: number;
  readonly seed: number;
  readonly bounds: Bounds;
  readonly lateMs: number;
}

export interface RunResult {
  readonly adapter: Adapter;
  readonly version: string;
  readonly histories: readonly Judged[];
  readonly faults: readonly Fault[];
}

export async function runHistories(adapter: Adapter, settings: RunSettings): Promise<RunResult> {
  const { bounds, seed, historyCount, lateMs } = settings;
  return together(async (running) => {
    const origin = await running.add(Origin.start(fieldsOf));
    const world = { origin, running, withinMs: bounds.withinMs, lateMs };
    const system = await adapter.start(world);
    const breaking = new Breaking(system.faults, new Draws(seed + 1));
    const broken = breaking.untilStopped();
    const clients = clientsOf(system, origin);
    const plans = plansOf(seed, historyCount, adapter.modes);
    const played = await playAll(plans, clients, settings);
    breaking.isOver = true;
    await broken;
    const { faults } = breaking;
    const judge = (history: PlayedHistory<Read, Purge, Call>): Judged => {
      const { excuses } = adapter.promise;
      return { ...history, violations: violationsIn(history.events, faults, bounds, excuses) };
    };
    const histories = played.map(judge);
    const version = system.version ?? "";
    return { adapter, version, histories, faults };
  });
}

const fieldsOf = (id: string) => ({
  "cache-control": "max-age=3600, stale-while-revalidate=3600",
  "cache-tag": id,
  xkey: id,
});

function clientsOf(system: System, origin: Origin): Clients<Read, Purge, Call> {
  return {
    origin,
    processCount,
    read: async (id, cache, process): Promise<Read | Failure> => {
      const sentAtMs = nowAtMs();
      const { status, body } = await system.read(process, id);
      const times = { sentAtMs, answeredAtMs: nowAtMs() };
      const shown = origin.shownIn(body, id);
      if (status !== 200 || shown === undefined) return { kind: "failure", ...times, status };
      return { kind: "read", ...times, cache, process, ...shown };
    },
    purge: async (id, { mode, process }, seen: Seen): Promise<Purge> => {
      const sentAtMs = nowAtMs();
      const isAccepted = await system.purge(process, id, mode);
      const times = { sentAtMs, answeredAtMs: nowAtMs() };
      const isSoft = mode === "soft";
      return { kind: "purge", isSoft, path: undefined, process, ...times, isAccepted, ...seen };
    },
  };
}
