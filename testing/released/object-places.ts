// A site over Durable Objects whose storage stays while its code changes, as in a deployment, a gradual
// deployment or a rollback.
import type { DatabaseSync } from "node:sqlite";
import type { ObjectState } from "../../src/stores/durable-object/counted-sql.ts";
import { FakeCache } from "../fakes/fake-cache.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeObject } from "../fakes/fake-object.ts";
import { OriginInProcess } from "../fakes/origin-in-process.ts";
import { type BundledWorker, Isolate, openBundle } from "./isolate.ts";
import { config, env, journalOf, scriptOf, storesAndPurges } from "./life.ts";

interface Started {
  fetch(request: Request): Promise<Response>;
}
type ObjectClass = new (state: ObjectState) => Started;

const classes = { JOURNAL: "TidemarkJournal", RECORDS: "TidemarkRecords" } as const;
type Binding = keyof typeof classes;

/** The stored data of a version. */
export interface ObjectForms {
  readonly atMs: number;
  /** The storage of each object, as statements, by binding and name. */
  readonly storage: Readonly<Record<string, readonly string[]>>;
  /** The entries that this version returns from `GET /_cache/journal`. */
  readonly journal: unknown;
}

export class ObjectPlaces {
  readonly clock = new FakeClock();
  readonly cache = new FakeCache(this.clock);
  readonly origin = new OriginInProcess(scriptOf("stored"));
  readonly #objects = new Map<string, FakeObject<Started>>();
  #running: BundledWorker | undefined;

  /** Creates places with another version's data, and an origin with new texts. */
  static found({ atMs, storage }: ObjectForms): ObjectPlaces {
    const places = new ObjectPlaces();
    places.clock.atMs = atMs;
    places.origin.script = scriptOf("new");
    for (const [key, statements] of Object.entries(storage)) {
      const { database } = places.#objectOf(key);
      for (const statement of statements) database.exec(statement);
    }
    return places;
  }

  /** Runs all objects with this code from now on. @param worker from `openWorker` */
  async deploy(worker: string): Promise<void> {
    const { clock, cache, origin } = this;
    this.#running = await openBundle(worker, { clock, cache, origin, config });
    for (const object of this.#objects.values()) object.end();
  }

  /** Opens an isolate of any version, whose edge cache is empty. */
  open(worker: string): Promise<Isolate> {
    const bound = { JOURNAL: this.#namespace("JOURNAL"), RECORDS: this.#namespace("RECORDS") };
    const { clock, origin } = this;
    const cache = new FakeCache(clock);
    return Isolate.open(worker, { clock, origin, cache, config, env: { ...env, ...bound } });
  }

  /** Sends a call straight to the object of the journal. Throws for a status other than 200. */
  async callJournal(call: string, ask: object): Promise<unknown> {
    const body = JSON.stringify(ask);
    const { stub } = this.#objectOf("JOURNAL tidemark");
    const reply = await stub.fetch(`https://journal/${call}`, { method: "POST", body });
    if (!reply.ok) throw new Error(`${call}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  }

  get storage(): ObjectForms["storage"] {
    const all = [...this.#objects].map(([key, { database }]) => [key, statementsOf(database)]);
    return Object.fromEntries(all) as ObjectForms["storage"];
  }

  #namespace(binding: Binding) {
    return {
      idFromName: (name: string) => ({ toString: () => `${binding} ${name}` }),
      get: (id: { toString(): string }) => this.#objectOf(id.toString()).stub,
    };
  }

  #objectOf(key: string): FakeObject<Started> {
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    const name = classes[key.split(" ")[0] as Binding];
    const made = new FakeObject((state) => {
      const Class = this.#running?.[name] as ObjectClass;
      return new Class(state);
    });
    this.#objects.set(key, made);
    return made;
  }
}

/** Returns the statements that make the same database. */
function statementsOf(database: DatabaseSync): string[] {
  const all = database.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
  const made = all.all() as { type: string; name: string; sql: string }[];
  const rows = made
    .filter(({ type }) => type === "table")
    .flatMap(({ name }) => {
      const columns = database.prepare("SELECT name FROM pragma_table_info(?)").all(name);
      const values = columns
        .map((column) => `quote(${String(column["name"])})`)
        .join(" || ',' || ");
      const rowsOf = database.prepare(`SELECT ${values} AS row FROM ${name}`).all();
      return rowsOf.map(({ row }) => `INSERT INTO ${name} VALUES (${String(row)})`);
    });
  const of = (isTable: boolean) =>
    made.filter(({ type }) => (type === "table") === isTable).map(({ sql }) => sql);
  return [...of(true), ...rows, ...of(false)];
}

/** A route that the switch bypasses, and a name with a stored state. */
export const bypassedRoute = "section";
export const subscriber = "a cache in front";

/** Posts to the switch, without waiting until the isolate has read the entry back. */
export async function throwSwitch(isolate: Isolate, bypass: readonly string[]): Promise<void> {
  const body = JSON.stringify({ bypass });
  const authorization = `Bearer ${env.ADMIN_TOKEN}`;
  const posted = await isolate.ask("/_cache/switch", {
    method: "POST",
    headers: { authorization },
    body,
  });
  if (!posted.ok) throw new Error(`A post was answered ${posted.status}: ${await posted.text()}`);
}

/** Sends a Worker requests by which it writes all that it can write to its objects. */
export async function livedInObjects(worker: string): Promise<ObjectForms> {
  const places = new ObjectPlaces();
  await places.deploy(worker);
  await storesAndPurges(await places.open(worker), places);
  // The first isolate still waits for the origin.
  const isolate = await places.open(worker);
  await isolate.get("/plain");
  await throwSwitch(isolate, [bypassedRoute]);
  await isolate.fireCron();
  await places.callJournal("replaceState", { name: subscriber, version: "", text: "a state" });
  const journal = await journalOf(isolate);
  return { atMs: places.clock.atMs, storage: places.storage, journal };
}
