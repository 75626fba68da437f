// A server in place of the source from which the pages of an example read.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The origin of the application's data, whose answers name a version. */
export class Source {
  version = 1;
  readonly reads: string[] = [];
  /** Delays all answers until it resolves. */
  held: Promise<unknown> | undefined;
  readonly #server = createServer((request, response) => {
    const { version } = this;
    this.reads.push(request.url ?? "");
    void Promise.resolve(this.held).then(() => response.end(`version ${version}`));
  });

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
