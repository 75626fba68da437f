// A Worker with its journal and its records in Durable Objects, for histories of a real site. Its calls are delayed, lost and repeated at random. One process of
// its own runs the objects, and its storage of the records is full at times.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DurableObjectJournal } from "../../src/cloudflare.ts";
import { bundledText } from "../bundled-text.ts";
import type { Colo, ColoSettings } from "../../local/colo.ts";
import type { PlantedFault } from "./planted-faults.ts";
import { faultsPath, type ObjectFaults } from "./unsteady-objects.ts";
import { startLimitedColo } from "../worker/platform-limits/limited-colo.ts";

interface ObjectBuild {
  readonly journal?: DurableObjectJournal;
  readonly fault?: PlantedFault | undefined;
  /** The time of each call. By default, calls are delayed, lost and repeated at random. */
  readonly roundTripMs?: number;
}

const textOf = (config: string, { journal = {}, fault, roundTripMs }: ObjectBuild) => `
  import { durableObjects } from "./src/cloudflare.ts";
  import { defineConfig } from "./src/tidemark.ts";
  import { operate } from "./src/parts/operate/operate.ts";
  import { createWorker } from "./src/worker.ts";
  import { globalCollapse } from "tidemark/global-collapse";
  ${fault === undefined ? "" : 'import { plantedFaults } from "./testing/consistency/planted-faults.ts";'}
  import { controlled, distant, randomly, troubled } from "./testing/consistency/unsteady-objects.ts";
  export { TidemarkJournal } from "./src/cloudflare.ts";
  export { TidemarkRecords } from "./testing/consistency/unsteady-objects.ts";

  const worker = createWorker(defineConfig({ parts: [operate()], ...${config} }), {
    stores: durableObjects({ journal: ${JSON.stringify(journal)}, records: { objects: 2 } }),
    factories: ${fault === undefined ? fault : `plantedFaults[${JSON.stringify(fault)}]`},
  });
  const unsteady = (env) => troubled(env, ${roundTripMs === undefined ? "randomly" : `distant(${roundTripMs})`});
  export default {
    fetch: controlled((request, env, context) => worker.fetch(request, unsteady(env), context)),
    scheduled: (event, env, context) => worker.scheduled(event, unsteady(env), context),
  };
`;

/** @returns one ES module */
export const bundleOverObject = (config: string, build: ObjectBuild): Promise<string> =>
  bundledText(textOf(config, build), { minify: false });

/** The process that runs the object, and the settings by which colos reach it. */
export class ObjectHost {
  readonly shared: NonNullable<ColoSettings["shared"]>;
  readonly #worker: string;
  #colo: Colo | undefined;

  private constructor(worker: string, folder: string) {
    this.#worker = worker;
    const objects = { JOURNAL: "TidemarkJournal", RECORDS: "TidemarkRecords" };
    this.shared = { folder, host: "object-host", objects };
  }

  static async start(worker: string): Promise<ObjectHost> {
    const host = new ObjectHost(worker, await mkdtemp(join(tmpdir(), "tidemark-object-")));
    await host.startAgain();
    return host;
  }

  /** The address of the process. It changes at each start. */
  get url(): string {
    return this.#colo?.url ?? "";
  }

  /** Makes the storage of the records refuse writes, until the next call or start. */
  async setFull(isFull: boolean): Promise<void> {
    await setFaults(this.url, { isFull });
  }

  /** Ends the process. Its storage stays. */
  async kill(): Promise<void> {
    await this.#colo?.stop();
  }

  async startAgain(): Promise<void> {
    const { host: name } = this.shared;
    this.#colo = await startLimitedColo({
      name,
      worker: this.#worker,
      port: 0,
      env: {},
      shared: this.shared,
    });
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.shared.folder, { recursive: true, force: true });
  }
}

/** Sets faults of the isolate at an address. */
export async function setFaults(url: string, faults: Partial<ObjectFaults>): Promise<void> {
  const body = JSON.stringify(faults);
  const response = await fetch(`${url}${faultsPath}`, { method: "POST", body });
  await response.text();
}
