// The Workers of a mix without Redis: one for the colos, whose stores are some milliseconds away,
// and one for the process that runs the Durable Objects, which counts their calls and rows.
import { bundledText } from "../../testing/bundled-text.ts";

/** A Worker of a colo. */
const coloText = (config: string, awayMs: number) => `
  import { durableObjects } from "./src/cloudflare.ts";
  import { defineConfig } from "./src/tidemark.ts";
  import { operate } from "./src/parts/operate/operate.ts";
  import { createWorker } from "./src/worker.ts";

  const config = defineConfig({ parts: [operate()], ...${config} });
  const worker = createWorker(config, { stores: durableObjects() });
  const wayBack = () => new Promise((resolve) => setTimeout(resolve, ${awayMs}));
  const away = (objects) => ({
    idFromName: (name) => objects.idFromName(name),
    get: (id, options) => ({
      async fetch(url, init) {
        await wayBack();
        return objects.get(id, options).fetch(url, init);
      },
    }),
  });
  let changed;
  const storesOf = (env) => (changed ??= {
    ...env,
    JOURNAL: away(env.JOURNAL),
    RECORDS: away(env.RECORDS),
  });
  export default {
    fetch: (request, env, context) => worker.fetch(request, storesOf(env), context),
  };
`;

/**
 * The Worker of the process with the objects. It answers each request with the counts. The records
 * have the clock of the site, which is faster than that of the replay, and are kept as much longer.
 */
const hostText = (timesFaster: number) => `
  import { TidemarkJournal as Journal, TidemarkRecords as Records } from "./src/cloudflare.ts";
  import { rowsField } from "./src/stores/durable-object/counted-sql.ts";
  import { framed, unframed } from "./src/stores/durable-object/framed-call.ts";

  const counts = {};
  const longer = (name, value) => (name === "keepMs" ? value * ${timesFaster} : value);
  const written = new Set();
  const atSitesPace = async (request) => {
    const { message, body } = unframed(await request.arrayBuffer());
    if (message.head !== undefined) written.add(message.key);
    return framed(JSON.parse(JSON.stringify(message, longer)), body);
  };
  const counted = (Class, name) => class {
    #object;
    constructor(state) {
      this.#object = new Class(state);
    }
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const response = await (name === "records"
        ? this.#object.answer(pathname.slice(1), await atSitesPace(request), Date.now() * ${timesFaster})
        : this.#object.fetch(request));
      const count = (counts[name + pathname.split(".")[0]] ??= { calls: 0, rows: 0, failed: 0 });
      count.calls += 1;
      if (!response.ok) count.failed += 1;
      count.rows += Number(response.headers.get(rowsField));
      return response;
    }
  };
  export const TidemarkJournal = counted(Journal, "journal");
  export const TidemarkRecords = counted(Records, "records");
  // The replay ends before the records expire. The deletion of each is a row.
  const expired = () => ({ calls: 0, rows: written.size, failed: 0 });
  export default { fetch: () => Response.json({ ...counts, "records/expired": expired() }) };
`;

/** @returns the modules of the colos and of the process with the objects */
export async function mixWorkers({
  config,
  awayMs,
  timesFaster,
}: {
  config: string;
  awayMs: number;
  timesFaster: number;
}): Promise<{ colo: string; host: string }> {
  const colo = await bundledText(coloText(config, awayMs));
  return { colo, host: await bundledText(hostText(timesFaster)) };
}
