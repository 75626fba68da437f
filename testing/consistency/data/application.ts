// An application with a data cache, for each colo and the process. It receives calls as JSON, and
// reads rows from a database over HTTP.
import { type DataCache, type LoadContext, type Namespace } from "../../../src/data-cache.ts";
import type { Call, CallAnswer, SeenValue } from "./calls.ts";
import { type Row, type RowInParts, type SpaceName, spacesOf, tagsOf } from "./keys.ts";

type PageHandler = (request: Request) => Promise<Response>;

/** Returns the `fetch` of an application whose handler makes its pages. */
export type OpenPages = (handler: PageHandler) => PageHandler;

type Spaces = Readonly<Record<SpaceName, Namespace<Row, string>>>;

/** @returns a handler for requests, whose body is a call */
export function applicationOver(
  cache: DataCache,
  { databaseUrl, maxLagMs }: { databaseUrl: string; maxLagMs: number },
  openPages: OpenPages = (handler) => handler,
): (request: Request) => Promise<Response> {
  const rows = new RemoteRows(databaseUrl);
  const named = Object.fromEntries(
    Object.entries(spacesOf(maxLagMs)).map(([space, options]) => {
      const tags = (_: Row, name: string) => tagsOf(space, name);
      const load = rows.loadMany(space);
      return [space, cache.namespace<Row, string>(space, { ...options, tags, load })];
    }),
  ) as Spaces;
  const parts = named.parts as unknown as Namespace<RowInParts, string>;
  const pages = openPages(async ({ url }) => {
    const [, space = "", ...name] = new URL(url).pathname.split("/");
    const value = await named[space as SpaceName].getOrSet(name.join("/"));
    return Response.json(value, { headers: { "cache-control": "max-age=600" } });
  });
  return async (request) => {
    const call = (await request.json()) as Call;
    const answer = await answers[call.op](call, { cache, named, parts, rows, pages }).catch(failed);
    return new Response(JSON.stringify(answer), { status: 200 });
  };
}

interface Application {
  readonly cache: DataCache;
  readonly named: Spaces;
  readonly parts: Namespace<RowInParts, string>;
  readonly rows: RemoteRows;
  readonly pages: PageHandler;
}

function failed(cause: unknown): CallAnswer {
  const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
  return { kind: "failed", name, message };
}

type Answering = (call: Call, application: Application) => Promise<CallAnswer>;

/** The implementation of each call of the interface. */
const answers: Readonly<Record<Call["op"], Answering>> = {
  get: async ({ space, name = "" }, { named }) => seen([[name, await named[space].get(name)]]),
  getOrSet: async ({ space, name = "" }, { named, rows }) => {
    return seen([[name, await named[space].getOrSet(name, rows.load(space, name))]]);
  },
  forced: async ({ space, name = "" }, { named, rows }) => {
    const load = rows.load(space, name);
    return seen([[name, await named[space].getOrSet(name, load, { forceFresh: true })]]);
  },
  getMany: async ({ space, names = [] }, { named }) => {
    return seen([...(await named[space].getMany(names))]);
  },
  getOrSetMany: async ({ space, names = [] }, { named }) => {
    return seen([...(await named[space].getOrSetMany(names)).values]);
  },
  page: async ({ space, name = "" }, { pages }) => {
    const response = await pages(new Request(`https://www.example.com/${space}/${name}`));
    if (response.status !== 200) throw new Error(await response.text());
    return seen([[name, (await response.json()) as Row | null]]);
  },
  set: async (call, { named }) => {
    return { kind: "done", tiers: await named[call.space].set(call.name ?? "", rowOf(call)) };
  },
  write: async (call, { named, rows }) => {
    const persist = (signal: AbortSignal) => rows.write(call, signal);
    const tiers = await named[call.space].write(call.name ?? "", rowOf(call), persist);
    return { kind: "done", tiers };
  },
  delete: async ({ space, name = "" }, { named }) => {
    return { kind: "done", ...(await named[space].delete(name)) };
  },
  expire: async ({ space, name = "" }, { named }) => {
    return { kind: "done", ...(await named[space].expire(name)) };
  },
  clear: async ({ space }, { named }) => ({ kind: "done", ...(await named[space].clear()) }),
  purge: async ({ order, soft }, { cache }) => {
    return { kind: "done", ...(await cache.purge({ ...order, soft })) };
  },
  "set-fields": async (call, application) => {
    return { kind: "done", isKept: await setFields(call, application) };
  },
  "get-fields": async ({ name = "", names = [] }, { parts }) => {
    const fields = parts.fields(name);
    const found = names.length === 0 ? await fields.all() : await fields.get(names as PartName[]);
    return { kind: "done", fields: found };
  },
  increment: async ({ name = "" }, { parts }) => {
    return { kind: "done", count: await parts.fields(name).increment("views") };
  },
};

type PartName = keyof RowInParts;

/** Sets all parts, or the named ones, from one read of the source. */
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

/** The application's client of its database. */
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
