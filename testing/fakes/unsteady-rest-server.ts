// A fake HTTP server of Upstash that fails as a test selects. It runs no command, and records the
// requests.
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

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
  readonly #server: Server;
  readonly url: string;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<UnsteadyRestServer> {
    const server = createServer();
    // Keep idle connections open, so that none closes just before its reuse.
    server.keepAliveTimeout = 0;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const opened = new UnsteadyRestServer(server);
    server.on("request", async (request, response) => {
      opened.asked.push(Buffer.concat(await request.toArray()).toString());
      await opened.#answer(response);
    });
    return opened;
  }

  /** Stops the server. Later connections are refused. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
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
