// Bundles the application as a Worker and as a Node process from the sources, with the same planted
// fault in both.
import { bundled, root } from "../../../local/bundling.ts";
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
  const stdin = { contents, resolveDir: root, sourcefile: "worker.js", loader: "js" } as const;
  const external = ["cloudflare:workers"];
  return bundled({ stdin, external, minify: false });
}

/** @returns one ES module, which listens on `PORT`, and sends its parent the actual port */
export function processBehind(fault: PlantedBehindFault | undefined): Promise<string> {
  const contents = `
    import { serve } from "@hono/node-server";
    import { Redis } from "ioredis";
    import { createDataCache } from "./src/node-cache.ts";
    import { applicationOver } from "${folder}/application.ts";
    import { plantedBehind } from "${folder}/planted-behind-faults.ts";

    const { REDIS_URL, ORIGIN_URL, PORT } = process.env;
    const redis = new Redis(REDIS_URL);
    redis.on("error", () => undefined);
    const planted = plantedBehind(${JSON.stringify(fault)});
    const cache = createDataCache({ redis, log: () => undefined, factories: planted.factories });
    const given = { databaseUrl: ORIGIN_URL, place: "process", planted };
    const options = { fetch: applicationOver(cache, given), port: Number(PORT), hostname: "127.0.0.1" };
    serve(options, ({ port }) => process.send({ port }));
    process.on("disconnect", () => process.exit());
  `;
  const stdin = { contents, resolveDir: root, sourcefile: "process.js", loader: "js" } as const;
  const ofNode = { platform: "node", packages: "external", conditions: [] as string[] } as const;
  return bundled({ stdin, ...ofNode, minify: false });
}
