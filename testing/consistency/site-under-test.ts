// The whole site of a run: one Redis, its REST server, and colos, each behind its own front.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Colo } from "../../local/colo.ts";
import { type Running, startTogether } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { bundleWith } from "../worker/bundle-with.ts";
import { bundledText } from "../bundled-text.ts";
import { BreakableRedis } from "./breakable-redis.ts";
import { siteHost } from "./pages.ts";
import { bundleOverObject, ObjectHost } from "./object-worker.ts";
import type { PlantedFault } from "./planted-faults.ts";
import { purgeOf } from "./promise.ts";
import type { Recorder } from "./recorder.ts";
import { ObjectFront } from "./object-front.ts";
import { type Front, RestFront } from "./rest-front.ts";
import { startLimitedColo } from "../worker/platform-limits/limited-colo.ts";

export const purgeSecret = "whsec_dKq+5hQn0T5gAvrSxX8mJmPpCz1lYyOU";
export const adminToken = "admin-of-the-consistency-run";
export const journalKey = "tidemark:journal";

/** The kinds of pages whose requests are collapsed over all colos by a lock. */
const kindsInTheWorld = ["steady", "varied", "brief", "lenient"];

/** Returns a configuration as text. */
function configOf(purge: object): string {
  const routes = kindsInTheWorld.map(
    (name) => `{ name: "${name}", match: "/${name}/*", use: [globalCollapse()] }`,
  );
  return `{ purge: ${JSON.stringify(purge)}, routes: [${routes.join(", ")}] }`;
}

interface SiteSettings {
  readonly originUrl: string;
  readonly coloCount: number;
  readonly maxLagMs: number;
  readonly recorder: Recorder;
  readonly fault: PlantedFault | undefined;
  /** Whether Durable Objects have the journal and the records, instead of Redis. */
  readonly overObject?: boolean;
}

/** The version of the Worker from the sources, as named in a history. */
export const today = "today";

interface WorkerVersion {
  readonly version: string;
  readonly worker: string;
}

export interface ColoUnderTest {
  readonly name: string;
  readonly url: string;
  readonly front: Front;
  /** The current life of the colo. */
  readonly isolate: string;
  /** Kills the colo's workerd, and starts another on the same port, with an empty Cache API. */
  restart(): Promise<void>;
  /** Restarts the colo with the next version of the Worker, and keeps its Cache API. */
  changeVersion(): Promise<void>;
  stop(): Promise<void>;
}

export interface SiteUnderTest {
  /** `undefined` with the journal in Redis. */
  readonly objectHost?: ObjectHost | undefined;
  readonly redis: BreakableRedis;
  readonly rest: UpstashRestServer;
  readonly colos: readonly ColoUnderTest[];
  stop(): Promise<void>;
}

export function startSite(settings: SiteSettings): Promise<SiteUnderTest> {
  return startTogether(async (running) => {
    const versions = await versionsOf(purgeOf(settings.maxLagMs), settings);
    const redis = await running.add(BreakableRedis.start());
    const rest = await running.add(startUpstashRestServer({ redisUrl: redis.url, token: "token" }));
    // Start the replica before any write, because it would miss writes during its start.
    await rest.setReplicaLagMs(1);
    await rest.setReplicaLagMs(0);
    const objectHost =
      settings.overObject === true
        ? await running.add(ObjectHost.start(versions[0]?.worker ?? ""))
        : undefined;
    const colos = await startColos(running, { versions, rest, objectHost, ...settings });
    return { redis, rest, colos, objectHost };
  });
}

/** Starts colos. Each begins with another version, if there are several. */
export function startColos(
  running: Running,
  { coloCount, versions, ...given }: ColoParts & { readonly coloCount: number },
): Promise<ColoUnderTest[]> {
  const begun = Array.from({ length: coloCount }, (_, index) => {
    const rotated = [...versions.slice(index % versions.length), ...versions];
    const own = { ...given, versions: rotated.slice(0, versions.length) };
    return running.add(startColoUnderTest(`colo-${index + 1}`, own));
  });
  return Promise.all(begun);
}

/** Returns the versions of the Worker in the run. */
async function versionsOf(purge: object, settings: SiteSettings): Promise<WorkerVersion[]> {
  const { fault, overObject } = settings;
  const config = configOf(purge);
  if (overObject === true) {
    const worker = (hints: boolean) => bundleOverObject(config, { journal: { hints }, fault });
    return [
      { version: today, worker: await worker(true) },
      { version: "without hints", worker: await worker(false) },
    ];
  }
  const worker = await (fault === undefined
    ? bundleWith(config)
    : bundleWithParts(config, {
        name: "plantedFaults",
        from: "./testing/consistency/planted-faults.ts",
        factories: `plantedFaults["${fault}"]`,
      }));
  return [{ version: today, worker }];
}

interface ColoParts extends Pick<SiteSettings, "originUrl" | "recorder" | "overObject"> {
  readonly versions: readonly WorkerVersion[];
  /** Absent if the site has no Redis. */
  readonly rest?: UpstashRestServer | undefined;
  readonly objectHost?: ObjectHost | undefined;
}

async function startColoUnderTest(name: string, given: ColoParts): Promise<ColoUnderTest> {
  const { versions, rest, recorder, originUrl } = given;
  const ofRedis = rest && (await RestFront.start(rest.url, recorder));
  const front = ofRedis ?? new ObjectFront(() => url);
  const hasRedis = given.overObject !== true;
  const env = {
    ORIGIN_URL: originUrl,
    ...(hasRedis &&
      ofRedis && { UPSTASH_REDIS_REST_URL: ofRedis.url, UPSTASH_REDIS_REST_TOKEN: rest.token }),
    PURGE_SECRET: purgeSecret,
    ADMIN_TOKEN: adminToken,
    SITE_HOST: siteHost,
  };
  const kept = await mkdtemp(join(tmpdir(), "tidemark-colo-"));
  const count = { lives: 0, changes: 0, caches: 0 };
  let life = { isolate: "", colo: name, version: "", fromMs: 0, untilMs: Infinity };
  const begin = async (port: number): Promise<Colo> => {
    count.lives += 1;
    const { version, worker } = versions[count.changes % versions.length]!;
    const isolate = `${name}#${count.lives}`;
    life = { isolate, colo: name, version, fromMs: recorder.nowMs(), untilMs: Infinity };
    recorder.isolates.push(life);
    front.isolate = isolate;
    const keepsIn = join(kept, `${count.caches}`);
    const shared = given.objectHost && { shared: { ...given.objectHost.shared, keepsIn } };
    return startLimitedColo({ name, worker, port, env, keepsIn, ...shared });
  };
  let colo = await begin(0);
  const { url } = colo;
  const beginAgain = async (): Promise<void> => {
    const ended = life;
    await colo.stop();
    ended.untilMs = recorder.nowMs();
    colo = await begin(Number(new URL(url).port));
  };
  return {
    name,
    url,
    front,
    get isolate() {
      return life.isolate;
    },
    restart: () => {
      count.caches += 1;
      return beginAgain();
    },
    changeVersion: () => {
      count.changes += 1;
      return beginAgain();
    },
    stop: async () => {
      await colo.stop();
      await front.stop();
      await rm(kept, { recursive: true, force: true });
    },
  };
}

/**
 * Bundles a Worker in which a test or a bench replaces some parts.
 *
 * @param config the argument of `defineConfig`
 * @param given.from the module that exports `name`, relative to the root of the repository
 * @param given.factories an expression of `CacheFactories` that may use `name`
 * @returns one ES module, not minified
 */
function bundleWithParts(
  config: string,
  given: { readonly name: string; readonly from: string; readonly factories: string },
): Promise<string> {
  const contents = `
    import { defineConfig } from "./src/tidemark.ts";
    import { operate } from "./src/parts/operate/operate.ts";
    import { upstash } from "./src/upstash.ts";
    import { createWorker } from "./src/worker.ts";
    import { globalCollapse } from "tidemark/global-collapse";
    import { ${given.name} } from "${given.from}";

    const factories = ${given.factories};
    export default createWorker(defineConfig({ parts: [operate()], ...${config} }), { stores: upstash(), factories });
  `;
  return bundledText(contents, { minify: false });
}
