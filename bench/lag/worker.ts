// The Worker of `bench lag`: two isolates of one colo in one process, each with a view of its own,
// which share the Cache API. The objects are a round trip away.
import { bundledText } from "../../testing/bundled-text.ts";

export const isolateCount = 2;
/** The field of a request that names the isolate. */
export const isolateField = "x-isolate";

export interface StoreUnderTest {
  readonly name: "Durable Objects" | "Redis at Upstash";
  readonly hasHints: boolean;
}

/** @returns one ES module, which also runs the objects */
export function workerOf({ name, hasHints }: StoreUnderTest, roundTripMs: number): Promise<string> {
  const stores =
    name === "Durable Objects"
      ? `durableObjects({ journal: { hints: ${hasHints} }, records: { objects: 2 } })`
      : `upstash({ hints: ${hasHints} })`;
  const contents = `
    import { durableObjects, TidemarkJournal as Journal } from "./src/cloudflare.ts";
    import { operate } from "./src/parts/operate/operate.ts";
    import { defineConfig } from "./src/tidemark.ts";
    import { upstash } from "./src/upstash.ts";
    import { createWorker } from "./src/worker.ts";
    import { distant, troubled } from "./testing/consistency/unsteady-objects.ts";
    export { TidemarkRecords } from "./src/cloudflare.ts";

    const later = (socket) => ({
      send: (text) => void setTimeout(() => socket.send(text), ${roundTripMs / 2}),
    });
    export class TidemarkJournal extends Journal {
      constructor(state) {
        super({
          storage: state.storage,
          acceptWebSocket: (socket) => state.acceptWebSocket(socket),
          getWebSockets: () => state.getWebSockets().map(later),
        });
      }
    }
    const config = defineConfig({ parts: [operate()] });
    const start = () => createWorker(config, { stores: ${stores} });
    const isolates = Array.from({ length: ${isolateCount} }, start);
    const far = (env) => ("JOURNAL" in env ? troubled(env, distant(${roundTripMs})) : env);
    export default {
      fetch: (request, env, context) =>
        isolates[Number(request.headers.get("${isolateField}"))].fetch(request, far(env), context),
    };
  `;
  return bundledText(contents, { minify: false });
}
