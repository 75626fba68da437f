// Tidemark's data in two Node processes.
import type { Adapter } from "../adapter.ts";
import { startDataProcesses } from "./data-processes.ts";
import { purgeConfig, tidemarkPromise } from "./tidemark-pages.ts";

export const tidemarkData: Adapter = {
  title: "Tidemark, data over Redis",
  configuration:
    "Defaults, but an N of 2 s and A = N/5; ioredis with its defaults, one Redis with a " +
    "replica; two processes; fresh and stale 1 h.",
  promise: tidemarkPromise,
  modes: ["hard", "soft"],
  start: (world) =>
    startDataProcesses(world, new URL("./tidemark-data-process.ts", import.meta.url), [
      JSON.stringify(purgeConfig(world)),
    ]),
};
