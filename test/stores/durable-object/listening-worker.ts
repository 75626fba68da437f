// A Worker that listens at the object of a journal after its answer.
import { TidemarkJournal } from "../../../src/cloudflare.ts";
import type { JournalState } from "../../../src/stores/durable-object/tidemark-journal.ts";
import { ObjectClient } from "../../../src/stores/durable-object/object-client.ts";
import type { ObjectNamespace } from "../../../src/stores/durable-object/object-namespace.ts";

/** The object, which tells how often it has been started, and how many sockets it has. */
export class Journal extends TidemarkJournal {
  static startCount = 0;
  readonly #state: JournalState;

  constructor(state: JournalState) {
    super(state);
    this.#state = state;
    Journal.startCount += 1;
  }

  override async fetch(request: Request): Promise<Response> {
    if (!request.url.endsWith("/starts")) return super.fetch(request);
    return Response.json([Journal.startCount, this.#state.getWebSockets().length]);
  }
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

/** The hints that all requests have heard. */
const heard: (string | undefined)[] = [];

export default {
  /** `/listen` listens until `/leave`. Other paths are calls of the object. */
  fetch: async (
    request: Request,
    { JOURNAL }: { readonly JOURNAL: ObjectNamespace },
    context: Context,
  ): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/heard") return Response.json(heard);
    const stub = () => JOURNAL.get(JOURNAL.idFromName("a"));
    if (pathname !== "/listen")
      return stub().fetch(`https://journal${pathname}`, {
        method: "POST",
        body: await request.text(),
      });
    const client = new ObjectClient({ stub, nowAtMs: Date.now, readTimeoutMsMax: 2_000 });
    const over = new AbortController();
    setTimeout(() => over.abort(), Number(searchParams.get("ms")));
    context.waitUntil(client.listen((position) => heard.push(position), over.signal));
    return new Response();
  },
};
