// Runs one load on one system, and collects the results of the clients and the origin.
import { counted, quantile } from "../load/figures.ts";
import type { Part } from "../load/part.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import type { Client, ClientCalls, Sample } from "./clients-process.ts";
import type { OriginCalls, OriginManner, OriginRequest } from "./origin-process.ts";
import type { System } from "./systems.ts";

export interface Ground {
  readonly systems: readonly System[];
  readonly origin: Part<OriginCalls>;
  readonly clients: Part<ClientCalls>;
  /** Receives a message for every failed response. */
  readonly log: RuntimeLog;
}

interface Measured {
  readonly samples: readonly Sample[];
  readonly requests: readonly OriginRequest[];
}

const seed = 1;

export async function measured(
  { origin, clients, log }: Ground,
  system: System,
  load: { readonly clients: readonly Client[]; readonly durationMs?: number },
): Promise<Measured> {
  await origin.call("take");
  const samples = await clients.call("run", { durationMs: 0, seed, ...load });
  for (const { failure } of samples) {
    if (failure !== undefined) log.note(`failed at ${system.name}: ${failure}`);
  }
  return { samples, requests: await origin.call("take") };
}

/** Opens connections and compiles code before the measurement. */
export async function warmUp(ground: Ground): Promise<void> {
  await setOrigin(ground, { delayMs: 10, cacheControl: "max-age=600", isDown: false });
  for (const system of ground.systems) {
    for (const paths of [["/warm-up"], ["/warm-up"], ["/warm-up/%"]]) {
      const clients = spread(system, 500, () => ({ paths, pace: "once" }));
      await measured(ground, system, { clients });
    }
  }
}

/** Requests every page once in every colo, so that the measurement begins with full caches. */
export async function warm(
  ground: Ground,
  system: System,
  paths: readonly string[],
): Promise<void> {
  const clients = system.coloUrls.flatMap((url) =>
    paths.map((path): Client => ({ url, paths: [path], pace: "once" })),
  );
  await measured(ground, system, { clients });
}

export const setOrigin = ({ origin }: Ground, manner: OriginManner): Promise<void> =>
  origin.call("set", manner);

/** Distributes clients evenly over the system's colos. */
export function spread(
  system: System,
  count: number,
  client: (at: number) => Omit<Client, "url">,
): Client[] {
  return Array.from({ length: count }, (_, at) => ({
    ...client(at),
    url: system.coloUrls[at % system.coloUrls.length] ?? "",
  }));
}

export const latencyHead = ["p50", "p99", "max", "errors"];

export function latencies(samples: readonly Sample[]): string[] {
  const tookMs = samples.map((sample) => sample.tookMs);
  const said = [0.5, 0.99, 1].map((share) => ms(quantile(tookMs, share)));
  return [...said, counted(samples.filter(({ outcome }) => outcome !== "right").length)];
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : counted(value)} ms`;
