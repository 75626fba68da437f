// A Worker with the object of a journal, which counts its pending timers.
import { TidemarkJournal } from "../../../src/cloudflare.ts";

let pendingCount = 0;
const { setTimeout: set, clearTimeout: clear } = globalThis;
const timers = {
  setTimeout: (run: () => void, ms?: number) => {
    pendingCount += 1;
    return set(() => {
      pendingCount -= 1;
      run();
    }, ms);
  },
  clearTimeout: (timer: ReturnType<typeof set>) => {
    pendingCount -= 1;
    clear(timer);
  },
};
Object.assign(globalThis, timers);

export class Journal extends TidemarkJournal {
  override async fetch(request: Request): Promise<Response> {
    return request.url.endsWith("/timers") ? Response.json(pendingCount) : super.fetch(request);
  }
}

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

export default {
  /** Passes a request to the object. Answers before the object if the path ends with `/later`. */
  fetch: async (
    request: Request,
    { JOURNAL }: { readonly JOURNAL: Namespace },
    context: Context,
  ): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const body = request.method === "POST" ? await request.text() : undefined;
    const { method } = request;
    const url = `https://journal${pathname.replace("/later", "")}`;
    const object = JOURNAL.get(JOURNAL.idFromName("a"));
    const reply = object.fetch(
      new Request(url, body === undefined ? { method } : { method, body }),
    );
    if (!pathname.endsWith("/later")) return reply;
    context.waitUntil(reply.then((answer) => answer.text()));
    return new Response(null, { status: 202 });
  },
};
