// A process with a cache for data: `GET /ID` reads an item through the cache, and `POST /ID?mode=`
// purges it by its tag.
import { createServer } from "node:http";

interface DataCalls {
  get(id: string, load: () => Promise<unknown>): Promise<unknown>;
  purge(id: string, mode: string): Promise<void>;
}

/** @param argv the port, the origin's URL, and the arguments of the cache */
export function serve(make: (...args: string[]) => DataCalls, argv = process.argv.slice(2)): void {
  const [port, originUrl = "", ...args] = argv;
  const calls = make(...args);
  const load = async (id: string) => (await fetch(`${originUrl}/${id}`)).json();
  createServer(async ({ method, url = "/" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://data");
    const id = pathname.slice(1);
    try {
      if (method === "POST") await calls.purge(id, searchParams.get("mode") ?? "");
      const value = method === "POST" ? {} : await calls.get(id, () => load(id));
      response.end(JSON.stringify(value));
    } catch (cause) {
      response.writeHead(503).end(String(cause));
    }
  }).listen(Number(port), "127.0.0.1");
}
