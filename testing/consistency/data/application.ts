// An application with a cache for its data, as each colo and the process run it: calls come in as JSON, and
// rows from a database that is reached by HTTP.
import { type DataCache, type LoadContext, type Namespace } from "../../../src/data-cache.ts";
import type { Call, CallAnswer, SeenFields, SeenValue } from "./calls.ts";
import { type Row, type RowInParts, type SpaceName, spaces, tagsOf } from "./keys.ts";

type Spaces = Readonly<Record<SpaceName, Namespace<Row, string>>>;

/** @returns what answers a request, whose body is a call */
export function applicationOver(
  cache: DataCache,
  databaseUrl: string,
): (request: Request) => Promise<Response> {
  const rows = new RemoteRows(databaseUrl);
  const named = Object.fromEntries(
    Object.entries(spaces).map(([space, options]) => {
      const tags = (_: Row, name: string) => tagsOf(space, name);
      const load = rows.loadMany(space);
      return [space, cache.namespace<Row, string>(space, { ...options, tags, load })];
    }),
  ) as Spaces;
  const parts = named.parts as unknown as Namespace<RowInParts, string>;
  return async (request) => {
    const call = (await request.json()) as Call;
    const answer = await answerTo(call, { cache, named, parts, rows }).catch(failed);
    return new Response(JSON.stringify(answer), { status: 200 });
  };
}

interface Application {
  readonly cache: DataCache;
  readonly named: Spaces;
  readonly parts: Namespace<RowInParts, string>;
  readonly rows: RemoteRows;
}

function failed(cause: unknown): CallAnswer {
  const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
  return { kind: "failed", name, message };
}

async function answerTo(call: Call, application: Application): Promise<CallAnswer> {
  const { cache, named, parts, rows } = application;
  const space = named[call.space];
  const { name = "", names = [] } = call;
  switch (call.op) {
    case "get":
      return seen([[name, await space.get(name)]]);
    case "getOrSet":
      return seen([[name, await space.getOrSet(name, rows.load(call.space, name))]]);
    case "forced": {
      const load = rows.load(call.space, name);
      return seen([[name, await space.getOrSet(name, load, { forceFresh: true })]]);
    }
    case "getMany":
      return seen([...(await space.getMany(names))]);
    case "getOrSetMany":
      return seen([...(await space.getOrSetMany(names)).values]);
    case "set":
      return { kind: "done", tiers: await space.set(name, rowOf(call)) };
    case "write": {
      const persist = (signal: AbortSignal) => rows.write(call, signal);
      return { kind: "done", tiers: await space.write(name, rowOf(call), persist) };
    }
    case "delete":
      return { kind: "done", ...(await space.delete(name)) };
    case "expire":
      return { kind: "done", ...(await space.expire(name)) };
    case "bump":
      return { kind: "done", ...(await space.bump()) };
    case "purge":
      return { kind: "done", ...(await cache.purge({ ...call.order, soft: call.soft })) };
    case "set-fields":
      return { kind: "done", isKept: await setFields(call, application) };
    case "get-fields": {
      const fields = parts.fields(name);
      const found = names.length === 0 ? await fields.all() : await fields.get(names as PartName[]);
      return { kind: "done", fields: found as SeenFields };
    }
    case "increment":
      return { kind: "done", count: await parts.fields(name).increment("views") };
  }
}

type PartName = keyof RowInParts;

/** All parts, or those that are named, of one reading of the source. */
async function setFields(
  { name = "", names = [] }: Call,
  { parts, rows }: Application,
): Promise<boolean> {
  return parts.fields(name).set(async () => {
    const { id, views } = await rows.read("parts", name);
    const all: RowInParts = { title: id, text: id, views };
    if (names.length === 0) return all;
    return Object.fromEntries(names.map((part) => [part, all[part as PartName]]));
  });
}

function rowOf({ space, name = "", id = "" }: Call): Row {
  return { path: `${space}/${name}`, id, copy: id };
}

function seen(found: readonly (readonly [string, SeenValue | null | undefined])[]): CallAnswer {
  return {
    kind: "done",
    seen: found.flatMap(([name, value]) => (value ? [{ name, value }] : [])),
  };
}

/** The database, as an application reads and writes it. */
class RemoteRows {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async read(
    space: string,
    name: string,
    signal?: AbortSignal,
  ): Promise<{ id: string; views: number }> {
    const given = signal === undefined ? {} : { signal };
    const response = await fetch(`${this.#url}/row/${space}/${name}`, given);
    const text = await response.text();
    if (response.status !== 200) throw new Error("The database has not answered.");
    return JSON.parse(text) as { id: string; views: number };
  }

  async write({ space, name = "", id = "" }: Call, signal: AbortSignal): Promise<void> {
    const url = `${this.#url}/row/${space}/${name}`;
    const response = await fetch(url, { method: "POST", body: id, signal });
    await response.text();
    if (response.status !== 200) throw new Error("The database has not written.");
  }

  load(space: string, name: string) {
    return async ({ signal, stale, notModified }: LoadContext<Row>) => {
      const { id } = await this.read(space, name, signal);
      if (stale?.id === id) return notModified();
      return { path: `${space}/${name}`, id, copy: id };
    };
  }

  loadMany(space: string) {
    return async (
      names: readonly string[],
      { of }: { readonly of: (name: string) => LoadContext<Row> },
    ) => {
      const load = async (name: string) => {
        const row = await this.load(space, name)(of(name)).catch((cause: unknown) => cause);
        return [name, row as Row | Error] as const;
      };
      return new Map(await Promise.all(names.map(load)));
    };
  }
}
