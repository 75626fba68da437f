// A fake HTTP server of Upstash that fails as a test selects. It runs no command, and records the
// requests.
import { createServer, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Listening, listening } from "../listening.ts";

export type Manner =
  /** Answers with `status`, which is 200 by default, after `afterMs`. */
  | { kind: "answers"; body: string; status?: number; afterMs?: number }
  /** Sends nothing. */
  | { kind: "hangs" }
  /** Sends the status and half a body, then nothing. */
  | { kind: "hangs-midway" }
  /** Closes the connection without an answer. */
  | { kind: "closes" };

export const wellAnswer = { kind: "answers", body: '{"result":"PONG"}' } satisfies Manner;

export class UnsteadyRestServer {
  manner: Manner = wellAnswer;
  /**
   * Simulates silence of this length, which may be `Infinity`. By default, silence takes real time.
   */
  playSilence: ((ms: number) => void) | undefined;
  /** The request bodies. */
  readonly asked: string[] = [];
  readonly url: string;
  /** Stops the server. Later connections are refused. */
  readonly stop: () => Promise<void>;

  private constructor({ url, stop }: Listening) {
    this.url = url;
    this.stop = stop;
  }

  static async start(): Promise<UnsteadyRestServer> {
    const server = createServer();
    // Keep idle connections open, so that none closes just before its reuse.
    server.keepAliveTimeout = 0;
    const opened = new UnsteadyRestServer(await listening(server));
    server.on("request", async (request, response) => {
      opened.asked.push(Buffer.concat(await request.toArray()).toString());
      await opened.#answer(response);
    });
    return opened;
  }

  async #silence(ms: number): Promise<void> {
    if (this.playSilence === undefined) await delay(ms);
    else this.playSilence(ms);
  }

  async #answer(response: ServerResponse): Promise<void> {
    const { manner } = this;
    switch (manner.kind) {
      case "answers":
        if (manner.afterMs !== undefined) await this.#silence(manner.afterMs);
        response.writeHead(manner.status ?? 200, { "content-type": "application/json" });
        response.end(manner.body);
        return;
      case "hangs":
        this.playSilence?.(Infinity);
        return;
      case "hangs-midway":
        response.writeHead(200, { "content-type": "application/json", "content-length": 100 });
        response.write('{"result":');
        this.playSilence?.(Infinity);
        return;
      case "closes":
        response.destroy();
        return;
      default:
        throw new Error("The manner is unknown.");
    }
  }
}
