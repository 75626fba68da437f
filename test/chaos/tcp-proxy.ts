// A proxy in front of a TCP server. A test changes its behaviour for open and new connections.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { drawsFrom } from "../../testing/draws.ts";
import type { Behaviour } from "./behaviour.ts";
import { type InForce, ProxiedConnection } from "./proxied-connection.ts";

/**
 * These ports are below the ephemeral ports, so no process takes the port while the proxy refuses.
 */
const portsFrom = 20_000;
const portCount = 10_000;

export class TcpProxy {
  readonly #server: Server;
  readonly #port: number;
  readonly #protocol: string;
  readonly #connections = new Set<ProxiedConnection>();
  #target: { host: string; port: number };
  #inForce: InForce = { behaviour: { kind: "open" }, draw: () => 0 };
  #isStopped = false;

  private constructor(server: Server, target: URL, port: number) {
    this.#server = server;
    this.#port = port;
    this.#protocol = target.protocol;
    this.#target = { host: target.hostname, port: Number(target.port) };
    server.on("connection", (client) => this.#take(client));
  }

  /** @param targetUrl such as "http://127.0.0.1:8080" or "redis://127.0.0.1:6379" */
  static async start(targetUrl: string): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const port = await listenOnFreePort(server);
    return new TcpProxy(server, new URL(targetUrl), port);
  }

  get url(): string {
    return `${this.#protocol}//127.0.0.1:${this.#port}`;
  }

  /** Resolves once the proxy listens, or no longer listens. */
  async become(behaviour: Behaviour): Promise<void> {
    const before = this.#inForce.behaviour.kind;
    this.#inForce = { behaviour, draw: drawsFrom("seed" in behaviour ? behaviour.seed : 0) };
    if (behaviour.kind === "resets" || behaviour.kind === "refuses") this.#resetAll();
    else for (const connection of this.#connections) connection.become(this.#inForce);
    if (behaviour.kind === "refuses" && before !== "refuses") await closed(this.#server);
    if (behaviour.kind !== "refuses" && before === "refuses") {
      await listenOn(this.#server, this.#port);
    }
  }

  /** Leads to another server, and resets the connections to the previous one. */
  leadTo(targetUrl: string): void {
    const { hostname, port } = new URL(targetUrl);
    this.#target = { host: hostname, port: Number(port) };
    this.#resetAll();
  }

  /** Ends every connection and timer. May be called twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#resetAll();
    if (this.#server.listening) await closed(this.#server);
  }

  #take(client: Socket): void {
    if (this.#isStopped || this.#inForce.behaviour.kind === "resets") {
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    const connection = new ProxiedConnection(client, this.#target, this.#inForce);
    this.#connections.add(connection);
    void connection.over.then(() => this.#connections.delete(connection));
  }

  #resetAll(): void {
    for (const connection of this.#connections) connection.reset();
  }
}

async function listenOnFreePort(server: Server): Promise<number> {
  const draw = drawsFrom(process.pid);
  for (;;) {
    const port = portsFrom + Math.floor(draw() * portCount);
    try {
      await listenOn(server, port);
      return port;
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE")) throw cause;
    }
  }
}

async function listenOn(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}
