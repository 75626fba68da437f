// Makes Durable Objects unsteady, in the Worker of a run: calls are delayed, lost and repeated at random,
// the way to the objects breaks, and the storage of the records is full.
import { type ObjectState, TidemarkRecords as Records } from "../../src/cloudflare.ts";
import type { ObjectNamespace } from "../../src/stores/durable-object/object-namespace.ts";
import type { ObjectStub } from "../../src/stores/durable-object/object-client.ts";
import type { Passage } from "./rest-front.ts";

/** The faults of this isolate, which the driver sets at `faultsPath`. */
export interface ObjectFaults {
  passage: Passage;
  /** The delay of each call, and of each reply. */
  wayMs: number;
  /** Whether the storage of the records refuses writes. Only the isolate of the objects obeys it. */
  isFull: boolean;
}

export const faultsPath = "/object-faults";
/** Passes calls to the object of the journal, without faults. */
export const journalPath = "/object-journal/";

const faults: ObjectFaults = { passage: "open", wayMs: 0, isFull: false };

type Call = (send: () => Promise<Response>) => Promise<Response>;

/** A longer time than any timeout of a call. */
const silentMs = 60_000;
const happens = (share: number) => Math.random() < share;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const lost = () => Promise.reject(new Error("Network connection lost."));

/** Delays, loses and repeats calls at random. */
export const randomly: Call = async (send) => {
  if (happens(0.1)) await pause(300 * Math.random());
  if (happens(0.03)) return lost();
  const reply = await send();
  if (happens(0.03)) return send();
  if (happens(0.1)) await pause(300 * Math.random());
  return happens(0.03) ? lost() : reply;
};

/** Returns a call that takes the time of a round trip. */
export const distant =
  (roundTripMs: number): Call =>
  async (send) => {
    await pause(roundTripMs / 2);
    const reply = await send();
    await pause(roundTripMs / 2);
    return reply;
  };

interface WithObjects {
  readonly JOURNAL: ObjectNamespace;
  readonly RECORDS: ObjectNamespace;
}

/** Returns bindings with unsteady objects. */
export const troubled = <Env extends WithObjects>(env: Env, call = randomly): Env => ({
  ...env,
  JOURNAL: unsteady(env.JOURNAL, call),
  RECORDS: unsteady(env.RECORDS, call),
});

function unsteady(objects: ObjectNamespace, call: Call): ObjectNamespace {
  return {
    idFromName: (name) => objects.idFromName(name),
    get: (id, options) => ({
      fetch: (...sent) => passing(sent, call, () => objects.get(id, options).fetch(...sent)),
    }),
  };
}

async function passing(
  [url]: Parameters<ObjectStub["fetch"]>,
  call: Call,
  send: () => Promise<Response>,
): Promise<Response> {
  const { passage, wayMs } = faults;
  if (wayMs > 0) await pause(wayMs);
  if (passage === "silent") await pause(silentMs);
  if (passage === "silent" || passage === "cut") return lost();
  const reply = await call(send);
  if (passage === "deaf" && url.endsWith("/append")) return lost();
  if (wayMs > 0) await pause(wayMs);
  return reply;
}

type Handler<Env> = (request: Request, env: Env, context: object) => Response | Promise<Response>;

/** Adds the driver's paths to a handler. */
export const controlled =
  <Env extends WithObjects>(handler: Handler<Env>): Handler<Env> =>
  async (request, env, context) => {
    const { pathname } = new URL(request.url);
    if (pathname === faultsPath) {
      Object.assign(faults, await request.json());
      return new Response();
    }
    if (!pathname.startsWith(journalPath)) return handler(request, env, context);
    const call = pathname.slice(journalPath.length);
    const object = env.JOURNAL.get(env.JOURNAL.idFromName("tidemark"));
    return object.fetch(`https://journal/${call}`, { method: "POST", body: await request.text() });
  };

/** Records whose storage is full while the driver wants it to be. */
export class TidemarkRecords extends Records {
  constructor({ storage }: ObjectState) {
    const exec: ObjectState["storage"]["sql"]["exec"] = (query, ...bindings) => {
      const isRefused = faults.isFull && query.startsWith("INSERT");
      if (isRefused) throw new Error("database or disk is full: SQLITE_FULL");
      return storage.sql.exec(query, ...bindings);
    };
    const sql = {
      exec,
      get databaseSize() {
        return storage.sql.databaseSize;
      },
    };
    super({ storage: { sql, transactionSync: (work) => storage.transactionSync(work) } });
  }
}
