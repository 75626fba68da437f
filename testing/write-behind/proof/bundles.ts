// Bundles the application as a Worker and as a Node process from the sources, with the same planted
// fault in both.
import { bundledText } from "../../bundled-text.ts";
import { bundledProcess } from "../../consistency/data/bundles.ts";
import type { PlantedBehindFault } from "./planted-behind-faults.ts";

const folder = "./testing/write-behind/proof";

/**
 * @returns one ES module that reads `ORIGIN_URL`, the address of the database, and the bindings of
 *   a Worker
 */
export function workerBehind(fault: PlantedBehindFault | undefined): Promise<string> {
  const contents = `
    import { env, waitUntil } from "cloudflare:workers";
    import { createDataCache } from "./src/data-cache.ts";
    import { defineConfig } from "./src/tidemark.ts";
    import { upstash } from "./src/upstash.ts";
    import { applicationOver } from "${folder}/application.ts";
    import { plantedBehind } from "${folder}/planted-behind-faults.ts";

    const planted = plantedBehind(${JSON.stringify(fault)});
    const { factories } = planted;
    const cache = createDataCache(defineConfig({}), {
      env, waitUntil, log: () => undefined, factories, stores: upstash(),
    });
    const given = { databaseUrl: env.ORIGIN_URL, place: env.COLO, planted };
    export default { fetch: applicationOver(cache, given) };
  `;
  const external = ["cloudflare:workers"];
  return bundledText(contents, { external, minify: false });
}

/** @returns one ES module, as of `bundledProcess` */
export function processBehind(fault: PlantedBehindFault | undefined): Promise<string> {
  return bundledProcess(`
    import { applicationOver } from "${folder}/application.ts";
    import { plantedBehind } from "${folder}/planted-behind-faults.ts";

    const planted = plantedBehind(${JSON.stringify(fault)});
    const cache = createDataCache({ redis, log, factories: planted.factories });
    const application = applicationOver(cache, { databaseUrl: ORIGIN_URL, place: "process", planted });
  `);
}
