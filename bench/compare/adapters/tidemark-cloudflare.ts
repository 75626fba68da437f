// Tidemark's pages in two colos without Redis: the journal and the records are in Durable Objects,
// which a process of their own runs.
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startColo } from "../../../local/colo.ts";
import { bundleOverObject, ObjectHost } from "../../../testing/consistency/object-worker.ts";
import { adminToken } from "../../../testing/worker/world.ts";
import type { Adapter } from "../adapter.ts";
import { pagesOf, purgeConfig, siteHost, startColos, tidemarkPromise } from "./tidemark-pages.ts";

/** The time of a call to an object. */
const roundTripMs = 10;

export const tidemarkCloudflare: Adapter = {
  title: "Tidemark, pages without Redis",
  configuration:
    "durableObjectJournal({ hints: true }) and durableObjectRecords({ objects: 2 }); an N of 2 s " +
    "and A = N/5; calls of 10 ms to the objects; two colos.",
  promise: tidemarkPromise,
  modes: ["hard", "soft"],
  async start(world) {
    const { running, origin } = world;
    const config = JSON.stringify({ purge: purgeConfig(world) });
    const worker = await bundleOverObject(config, { journal: { hints: true }, roundTripMs });
    const host = await running.add(ObjectHost.start(worker));
    const env = { ORIGIN_URL: origin.url, ADMIN_TOKEN: adminToken, SITE_HOST: siteHost };
    const start = async (name: string, port = 0) => {
      const keepsIn = await mkdtemp(join(host.shared.folder, `${name}-`));
      const shared = { ...host.shared, keepsIn };
      return startColo({ name, worker, env, port, shared, onLog: () => undefined });
    };
    const colos = await startColos(["colo-1", "colo-2"], start);
    await running.add(Promise.resolve(colos));
    return {
      ...pagesOf((process) => colos.urls[process]!, world),
      faults: {
        "process killed": (_, draws) => colos.restart(draws.oneOf([0, 1])),
        "objects killed": async (forMs) => {
          await host.kill();
          await delay(forMs / 4);
          await host.startAgain();
        },
      },
    };
  },
};
