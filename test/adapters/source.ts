// A server in place of the source from which the pages of an example read.
import { createServer } from "node:http";
import { type Listening, listening } from "../../testing/listening.ts";

/** The origin of the application's data, whose answers name a version. */
export class Source {
  version = 1;
  readonly reads: string[] = [];
  /** Delays all answers until it resolves. */
  held: Promise<unknown> | undefined;
  #listening: Listening | undefined;
  readonly #server = createServer((request, response) => {
    const { version } = this;
    this.reads.push(request.url ?? "");
    void Promise.resolve(this.held).then(() => response.end(`version ${version}`));
  });

  async start(): Promise<string> {
    this.#listening = await listening(this.#server);
    return this.#listening.url;
  }

  async stop(): Promise<void> {
    await this.#listening?.stop();
  }
}
