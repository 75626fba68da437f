// The origin of the speed bench, in a separate process. The path contains the length of the body,
// and the lifetime exceeds the run. The origin responds at once, or after a set delay.
import { setTimeout as delay } from "node:timers/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { answerCalls } from "../load/part.ts";
import { bodyOf, fields } from "./site.ts";

let origin: ScriptedOrigin;
let delayMs = 0;
let requestCount = 0;

const calls = {
  start: async (): Promise<string> => {
    origin = await startScriptedOrigin((request, response) => void answer(request, response));
    return origin.url;
  },
  setDelayMs: (changedMs: number): void => {
    delayMs = changedMs;
  },
  /** Returns the number of requests since the last call. */
  take: (): number => {
    const taken = requestCount;
    requestCount = 0;
    return taken;
  },
};
export type OriginCalls = typeof calls;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  requestCount += 1;
  origin.seen.length = 0;
  if (delayMs > 0) await delay(delayMs);
  const body = bodyOf(request.url ?? "");
  response.writeHead(200, { ...fields, "content-length": body.length }).end(body);
}

answerCalls(calls);
