// Tests a site whose journal and records are in Durable Objects that fail under load. No client gets an
// error or another page, or waits longer than documented. The objects are used again without a restart.
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundledText } from "../../testing/bundled-text.ts";
import type { Colo } from "../../local/colo.ts";
import { Running } from "../../local/running.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, startWorld, until } from "../../testing/worker/world.ts";
import { Load, pageOf, slowestMs, violations } from "./load.ts";

/** The test sets `mode`, which the objects obey, because they run in the isolate of the Worker. */
const worker = `
  import { durableObjects, TidemarkJournal as Journal, TidemarkRecords as Records } from "./src/cloudflare.ts";
  import { defineConfig } from "./src/tidemark.ts";
  import { operate } from "./src/parts/operate/operate.ts";
  import { createWorker } from "./src/worker.ts";

  let mode = "well";
  const overloaded = () => Object.assign(new Error("overloaded"), { overloaded: true });
  const failing = (fetch) => {
    if (mode === "hang") return new Promise((resolve) => setTimeout(() => resolve(fetch()), 20_000));
    if (mode === "throw") throw new Error("The object is reset.");
    if (mode === "refuse") return new Response(null, { status: 500 });
    return fetch();
  };
  const withoutSpace = ({ storage }) => ({
    storage: {
      transactionSync: (work) => storage.transactionSync(work),
      sql: {
        exec(query, ...bindings) {
          if (mode === "full" && query.startsWith("INSERT")) throw new Error("database or disk is full: SQLITE_FULL");
          return storage.sql.exec(query, ...bindings);
        },
        get databaseSize() { return storage.sql.databaseSize; },
      },
    },
  });
  export class TidemarkJournal extends Journal {
    fetch(request) { return failing(() => super.fetch(request)); }
  }
  export class TidemarkRecords extends Records {
    constructor(state) { super(withoutSpace(state)); }
    fetch(request) { return failing(() => super.fetch(request)); }
  }
  const busy = (objects) => ({
    idFromName: (name) => objects.idFromName(name),
    get: (id) => mode === "busy" ? { fetch: () => Promise.reject(overloaded()) } : objects.get(id),
  });
  const site = createWorker(
    defineConfig({
      parts: [operate()],
      purge: { maxLagSeconds: 3, clockAllowanceSeconds: 0.2 },
      routes: [{ name: "shared", match: "/shared/*", tiers: ["shared"] }, { name: "rest", match: "*" }],
    }),
    { stores: durableObjects({ records: { objects: 2 } }) },
  );
  export default {
    fetch(request, env, context) {
      const asked = new URL(request.url).searchParams.get("become");
      if (asked !== null) return new Response((mode = asked));
      const { JOURNAL, RECORDS } = env;
      return site.fetch(request, { ...env, JOURNAL: busy(JOURNAL), RECORDS: busy(RECORDS) }, context);
    },
  };
`;

/** A lookup (1 s), twice the view (1.4 s), and a reserve for a busy machine. */
const waitMsMax = 8_000;

const running = new Running();
let colo: Colo;
const log: { readonly message: string; readonly kind?: string; readonly state?: string }[] = [];

beforeAll(async () => {
  const origin = await running.add(
    startScriptedOrigin(({ url: path = "" }, response) => {
      response.setHeader("cache-control", "max-age=600");
      response.setHeader("content-length", Buffer.byteLength(pageOf(path)));
      response.end(pageOf(path));
    }),
  );
  const world = await running.add(
    startWorld({
      originUrl: origin.url,
      worker: await bundledText(worker, { minify: false }),
      isWithoutRedis: true,
      onLine: (text) => {
        if (text.startsWith("{")) log.push(JSON.parse(text) as (typeof log)[number]);
      },
    }),
  );
  colo = world.colos[0]!;
});
afterAll(() => running.stop());

async function become(mode: string): Promise<void> {
  await rawRequest(colo.url, `/?become=${mode}`);
}

/** Requests pages until the objects return one that they have just stored. */
async function usedAgain(run: string): Promise<void> {
  let nth = 0;
  await until(async () => {
    const path = `/shared/again/${run}/${Math.floor((nth += 1) / 4)}`;
    return cacheStatusOf(await rawRequest(colo.url, path)).includes("detail=shared");
  }, "the objects to be used again");
}

it.each([
  ["hang", "timeout"],
  ["throw", "unreachable"],
  ["refuse", "refused"],
  ["busy", "busy"],
  ["full", "full"],
])(
  "answers whole pages while the objects fail, logs the trouble, and uses them again: %s",
  { timeout: 120_000 },
  async (mode, kind) => {
    await usedAgain(`before-${mode}`);
    const path = (nth: number) =>
      nth % 3 === 0 ? `/shared/${mode}/${nth}` : `/page/${mode}/${nth % 7}`;
    const load = new Load({ url: colo.url, concurrency: 4, path });
    const linesBefore = log.length;
    await become(mode);
    const ofRecords = (state: string) =>
      log.slice(linesBefore).filter((line) => {
        const isOfRecords = line.message.includes("of the records");
        return isOfRecords && line.kind === kind && line.state === state;
      });
    await until(async () => ofRecords("began").length > 0, `the log to name ${kind}`);
    await sleep(3_500);
    await become("well");
    await usedAgain(mode);
    await load.stop();
    expect(violations(load.answers)).toEqual([]);
    expect(load.answers.length).toBeGreaterThan(20);
    expect(slowestMs(load.answers)).toBeLessThan(waitMsMax);
    expect(ofRecords("began")).toHaveLength(1);
    expect(ofRecords("ended").length).toBeLessThanOrEqual(1);
  },
);
