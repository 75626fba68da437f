// An origin on a real socket, which records each request and answers it by a test's script.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Listening, listening } from "../listening.ts";

interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** The fields by their names in lower case. */
  readonly headers: IncomingMessage["headers"];
}

export type Script = (request: IncomingMessage, response: ServerResponse) => void;

export interface ScriptedOrigin extends Listening {
  readonly seen: SeenRequest[];
  /** Returns the number of requests with exactly this path and query. */
  count(url: string): number;
}

/** @param keepAliveMs by default so long that no idle connection closes before its reuse */
export async function startScriptedOrigin(
  script: Script,
  port = 0,
  keepAliveMs = 600_000,
): Promise<ScriptedOrigin> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    seen.push({ method, url, headers });
    script(request, response);
  });
  server.keepAliveTimeout = keepAliveMs;
  const count = (url: string) => seen.filter((request) => request.url === url).length;
  return { ...(await listening(server, port)), seen, count };
}
