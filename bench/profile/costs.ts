// Computes self time by function and by module of the bundle from a CPU profile.
import type { CallFrame, CpuProfile } from "./cpu-profile.ts";

export interface Cost {
  readonly what: string;
  /** A file of `src/`, a package, or the runtime. */
  readonly where: string;
  /** The share of all sampled time, 0 to 1. */
  readonly share: number;
}

export interface ModuleCost {
  readonly where: string;
  /**
   * The shares of all sampled time, 0 to 1: of the module's own functions, and of the runtime
   * functions that they call.
   */
  readonly ownShare: number;
  readonly runtimeShare: number;
}

export interface Costs {
  readonly sampleCount: number;
  /** The share of sampled time in which nothing ran. */
  readonly idleShare: number;
  /** The most expensive first, without idle time. */
  readonly functions: readonly Cost[];
  readonly modules: readonly ModuleCost[];
}

const runtime = "runtime";
const idle = "(idle)";

/** @param bundle the profiled script, not minified, with esbuild's comment before each module */
export function costsOf(profile: CpuProfile, bundle: string): Costs {
  const lines = bundle.split("\n");
  const modules = modulesByLine(lines);
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const callers = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  );
  const moduleOf = (frame: CallFrame): string => modules[frame.lineNumber] ?? runtime;
  const functions = new Map<string, Cost>();
  const byModule = new Map<string, ModuleCost>();
  const total = profile.timeDeltas.reduce((sum, delta) => sum + delta, 0);
  profile.samples.forEach((node, at) => {
    const share = (profile.timeDeltas[at] ?? 0) / total;
    const frame = frames.get(node);
    const caller = frames.get(callers.get(node) ?? -1);
    if (frame === undefined) return;
    const isOwn = frame.url !== "";
    const where = isOwn ? moduleOf(frame) : runtime;
    const what = isOwn ? nameOf(frame, lines) : runtimeName(frame, caller, lines);
    const key = `${where} ${what}`;
    functions.set(key, { what, where, share: share + (functions.get(key)?.share ?? 0) });
    const home = !isOwn && caller !== undefined && caller.url !== "" ? moduleOf(caller) : where;
    const so = byModule.get(home) ?? { where: home, ownShare: 0, runtimeShare: 0 };
    byModule.set(home, {
      where: home,
      ownShare: so.ownShare + (isOwn ? share : 0),
      runtimeShare: so.runtimeShare + (isOwn || frame.functionName === idle ? 0 : share),
    });
  });
  return {
    sampleCount: profile.samples.length,
    idleShare: functions.get(`${runtime} ${idle}`)?.share ?? 0,
    functions: dearestFirst(functions.values(), ({ share }) => share).filter(
      ({ what }) => what !== idle,
    ),
    modules: dearestFirst(
      byModule.values(),
      ({ ownShare, runtimeShare }) => ownShare + runtimeShare,
    ),
  };
}

/**
 * Returns the module of each line: the path that esbuild writes before a module, or the name of its
 * package.
 */
function modulesByLine(lines: readonly string[]): string[] {
  let module = "bundle";
  return lines.map((line) => {
    const path = /^\/\/ (\S+\.[cm]?[jt]s)$/.exec(line)?.[1];
    if (path !== undefined) module = packageOf(path) ?? path;
    return module;
  });
}

function packageOf(path: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
}

/** Returns the name of a function, or the beginning of its line if it is anonymous. */
function nameOf({ functionName, lineNumber }: CallFrame, lines: readonly string[]): string {
  if (functionName !== "") return functionName;
  return `\`${(lines[lineNumber] ?? "").trim().replaceAll("|", "\\|").slice(0, 48)}\``;
}

/**
 * Returns the name of a runtime function, with its caller if that is a function of the bundle.
 * Accessors have no names.
 */
function runtimeName(
  frame: CallFrame,
  caller: CallFrame | undefined,
  lines: readonly string[],
): string {
  const isOurs = caller !== undefined && caller.url !== "";
  if (isOurs) return `${frame.functionName || "an accessor"}, for ${nameOf(caller, lines)}`;
  return frame.functionName || "unnamed functions";
}

function dearestFirst<T>(all: Iterable<T>, share: (one: T) => number): T[] {
  return [...all].sort((a, b) => share(b) - share(a));
}
