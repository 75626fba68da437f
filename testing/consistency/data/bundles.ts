// Bundles the application as a Worker and as a Node process from the sources, with the same planted
// fault in both.
import { bundledText } from "../../bundled-text.ts";
import { purgeOf } from "../promise.ts";
import type { PlantedDataFault } from "./planted-data-faults.ts";

/** The properties of a Worker and a process. */
export interface DataBuild {
  readonly maxLagMs: number;
  readonly fault: PlantedDataFault | undefined;
}

/** @returns one ES module that reads `ORIGIN_URL` and the bindings of a Worker */
export async function workerOfData({ fault, maxLagMs }: DataBuild): Promise<string> {
  const contents = `
    import { env, waitUntil } from "cloudflare:workers";
    import { createDataCache } from "./src/data-cache.ts";
    import { platformHere } from "./src/platform/workers.ts";
    import { defineConfig } from "./src/tidemark.ts";
    import { upstash } from "./src/upstash.ts";
    import { applicationOver } from "./testing/consistency/data/application.ts";
    import { pagesBeside } from "./testing/consistency/data/pages-beside.ts";
    import { planted } from "./testing/consistency/data/planted-data-faults.ts";

    const config = defineConfig({ purge: ${JSON.stringify(purgeOf(maxLagMs))} });
    const background = { waitUntil, passThroughOnException: () => undefined, props: {} };
    const started = () => {
      let openPages;
      const cache = planted(${JSON.stringify(fault)}, env.COLO, ({ factoriesOverRedis: factories, clock }) => {
        const data = createDataCache(config, { env, waitUntil });
        const platform = { ...platformHere(), ...clock };
        const inCode = { factories, stores: upstash() };
        openPages = pagesBeside(data, { config, env, platform, background, inCode });
        return data;
      });
      const given = { databaseUrl: env.ORIGIN_URL, maxLagMs: ${maxLagMs} };
      return applicationOver(cache, given, openPages);
    };
    let answer;
    export default { fetch: (request) => (answer ??= started())(request) };
  `;
  const external = ["cloudflare:workers"];
  return bundledText(contents, { external, minify: false });
}

/**
 * Returns a Worker without Redis. Data has stores in code only beside pages.
 *
 * @returns one ES module, which also runs the objects
 */
export async function workerOfDataOverObjects(
  { fault, maxLagMs }: DataBuild,
  hints: boolean,
): Promise<string> {
  const contents = `
    import { waitUntil } from "cloudflare:workers";
    import { durableObjectJournal, durableObjectRecords } from "./src/cloudflare.ts";
    import { createDataCache } from "./src/data-cache.ts";
    import { platformHere } from "./src/platform/workers.ts";
    import { defineConfig } from "./src/tidemark.ts";
    import { applicationOver } from "./testing/consistency/data/application.ts";
    import { pagesBeside } from "./testing/consistency/data/pages-beside.ts";
    import { planted } from "./testing/consistency/data/planted-data-faults.ts";
    import { controlled, troubled } from "./testing/consistency/unsteady-objects.ts";
    export { TidemarkJournal } from "./src/cloudflare.ts";
    export { TidemarkRecords } from "./testing/consistency/unsteady-objects.ts";

    const config = defineConfig({ purge: ${JSON.stringify(purgeOf(maxLagMs))} });
    const background = { waitUntil, passThroughOnException: () => undefined, props: {} };
    const started = (env) => {
      let openPages;
      const cache = planted(${JSON.stringify(fault)}, env.COLO, ({ factories, clock, over, records }) => {
        const data = createDataCache(config, { env, waitUntil });
        const journal = over(durableObjectJournal({ hints: ${hints} }));
        const stores = { journal, records: durableObjectRecords({ objects: 2 }) };
        const bindings = troubled({ ...env, RECORDS: records(env.RECORDS) });
        const platform = { ...platformHere(), ...clock };
        const inCode = { factories, stores };
        openPages = pagesBeside(data, { config, env: bindings, platform, background, inCode });
        return data;
      });
      const given = { databaseUrl: env.ORIGIN_URL, maxLagMs: ${maxLagMs} };
      return applicationOver(cache, given, openPages);
    };
    let answer;
    export default { fetch: controlled((request, env) => (answer ??= started(env))(request)) };
  `;
  const external = ["cloudflare:workers"];
  return bundledText(contents, { external, minify: false });
}

/**
 * Bundles a Node process, whose application has a connection `redis` and the address \`ORIGIN_URL\`.
 *
 * @param application imports and statements, which declare `application`
 * @returns one ES module, which listens on `PORT`, and sends its parent the actual port
 */
export function bundledProcess(application: string): Promise<string> {
  const contents = `
    import { serve } from "@hono/node-server";
    import { Redis } from "ioredis";
    import { createDataCache } from "./src/node-cache.ts";

    const { REDIS_URL, ORIGIN_URL, PORT } = process.env;
    const redis = new Redis(REDIS_URL);
    redis.on("error", () => undefined);
    const log = () => undefined;
    ${application}
    const options = { fetch: application, port: Number(PORT), hostname: "127.0.0.1" };
    serve(options, ({ port }) => process.send({ port }));
    process.on("disconnect", () => process.exit());
  `;
  const ofNode = { platform: "node", packages: "external", conditions: [] as string[] } as const;
  return bundledText(contents, { ...ofNode, minify: false });
}

/** @returns one ES module, as of `bundledProcess` */
export function processOfData({ fault, maxLagMs }: DataBuild): Promise<string> {
  return bundledProcess(`
    import { applicationOver } from "./testing/consistency/data/application.ts";
    import { planted } from "./testing/consistency/data/planted-data-faults.ts";

    const given = { redis, purge: ${JSON.stringify(purgeOf(maxLagMs))}, log };
    const cache = planted(${JSON.stringify(fault)}, "process", ({ factoriesOverRedis: factories, clock }) =>
      createDataCache({ ...given, factories, ...clock }),
    );
    const application = applicationOver(cache, { databaseUrl: ORIGIN_URL, maxLagMs: ${maxLagMs} });
  `);
}
