// The application as a Worker and as a process of Node, each bundled from the sources, so that a fault can be
// planted in both alike.
import { bundled, root } from "../../../local/bundling.ts";
import { purge } from "./keys.ts";
import { plantInData, type PlantedDataFault } from "./planted-data-faults.ts";

/** @returns one ES module, that reads `ORIGIN_URL` and the bindings of a Worker */
export async function workerOfData(fault: PlantedDataFault | undefined): Promise<string> {
  const contents = `
    import { env, waitUntil } from "cloudflare:workers";
    import { createDataCache } from "./src/data-cache.ts";
    import { defineConfig } from "./src/tidemark.ts";
    import { applicationOver } from "./testing/consistency/data/application.ts";

    const config = defineConfig({ purge: ${JSON.stringify(purge)} });
    const nowAtMs = Date.now;
    const platform = { env, waitUntil, nowAtMs: () => nowAtMs() };
    export default { fetch: applicationOver(createDataCache(config, platform), env.ORIGIN_URL) };
  `;
  const stdin = { contents, resolveDir: root, sourcefile: "data-worker.js", loader: "js" } as const;
  const external = ["cloudflare:workers"];
  return planted(fault, "worker", await bundled({ stdin, external, minify: false }));
}

/** @returns one ES module. It serves at `PORT`, and tells its parent which one it has got */
export async function processOfData(fault: PlantedDataFault | undefined): Promise<string> {
  const contents = `
    import { serve } from "@hono/node-server";
    import { Redis } from "ioredis";
    import { createDataCache } from "./src/node-cache.ts";
    import { applicationOver } from "./testing/consistency/data/application.ts";

    const { REDIS_URL, ORIGIN_URL, PORT } = process.env;
    const redis = new Redis(REDIS_URL);
    redis.on("error", () => undefined);
    const log = () => undefined;
    const cache = createDataCache({ redis, purge: ${JSON.stringify(purge)}, log });
    const options = { fetch: applicationOver(cache, ORIGIN_URL), port: Number(PORT), hostname: "127.0.0.1" };
    serve(options, ({ port }) => process.send({ port }));
    process.on("disconnect", () => process.exit());
  `;
  const stdin = { contents, resolveDir: root, sourcefile: "process.js", loader: "js" } as const;
  const ofNode = { platform: "node", packages: "external", conditions: [] as string[] } as const;
  return planted(fault, "process", await bundled({ stdin, ...ofNode, minify: false }));
}

function planted(
  fault: PlantedDataFault | undefined,
  platform: "worker" | "process",
  text: string,
): string {
  return fault === undefined ? text : plantInData(fault, text, platform);
}
