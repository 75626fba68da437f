// A TCP proxy between the process and its Redis: it forwards, cuts or drops data as configured, and
// records the journal positions in Redis's answers.
import { connect, createServer, type Socket } from "node:net";
import { type Listening, listening } from "../../listening.ts";
import type { Passage } from "../rest-front.ts";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class TcpFront {
  #passage: Passage = "open";
  readonly #targetPort: number;
  readonly #onPosition: (position: string) => void;
  readonly #pairs = new Set<Pair>();
  #listening: Listening | undefined;

  private constructor(targetPort: number, onPosition: (position: string) => void) {
    this.#targetPort = targetPort;
    this.#onPosition = onPosition;
  }

  static async start(targetUrl: string, onPosition: (position: string) => void): Promise<TcpFront> {
    const front = new TcpFront(Number(new URL(targetUrl).port), onPosition);
    front.#listening = await listening(createServer((client) => front.#join(client)));
    return front;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#listening?.port}`;
  }

  get passage(): Passage {
    return this.#passage;
  }

  /** Sets the mode. Ends all connections if the new mode is `cut`, or the old mode dropped data. */
  set passage(passage: Passage) {
    const wasSwallowing = this.#passage === "silent" || this.#passage === "deaf";
    this.#passage = passage;
    if (passage !== "cut" && !wasSwallowing) return;
    for (const pair of this.#pairs) this.#part(pair);
  }

  async stop(): Promise<void> {
    this.passage = "cut";
    await this.#listening?.stop();
  }

  #join(client: Socket): void {
    if (this.#passage === "cut") return void client.destroy();
    const server = connect(this.#targetPort, "127.0.0.1");
    const pair = { client, server };
    this.#pairs.add(pair);
    client.on("data", (bytes: Buffer) => {
      if (this.#passage !== "silent") server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (this.#passage !== "open") return;
      const told = bytes.toString("latin1").matchAll(/\$\d+\r\n(\d{13}-\d+)\r\n/g);
      for (const [, position = ""] of told) this.#onPosition(position);
      client.write(bytes);
    });
    for (const socket of [client, server]) {
      socket.on("error", () => this.#part(pair));
      socket.on("close", () => this.#part(pair));
    }
  }

  #part(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  }
}
