// Clients that only read. Each requests one page after another from its colo, and records the
// versions in the responses.
import { Agent, request, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../draws.ts";
import type { Read } from "./checker/operations.ts";
import type { ServedPage } from "./pages.ts";
import type { Recorder } from "./recorder.ts";
import { bodyOf } from "./versioned-origin.ts";

/** The pause after a broken connection, such as during a restart of a colo. */
const pauseAfterFailureMs = 100;

export interface ReadFrom {
  readonly name: string;
  readonly url: string;
  /** The name of the colo's current isolate. */
  readonly isolate: string;
}

export class Readers {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #recorder: Recorder;
  readonly #readTimeoutMs: number;

  constructor(recorder: Recorder, readTimeoutMs: number) {
    this.#recorder = recorder;
    this.#readTimeoutMs = readTimeoutMs;
  }

  /** Reads random pages until `isOver`. */
  async readOn(given: {
    colo: ReadFrom;
    pages: readonly ServedPage[];
    draws: Draws;
    thinkMsMax: number;
    isOver: () => boolean;
  }): Promise<void> {
    const { colo, pages, draws, thinkMsMax, isOver } = given;
    while (!isOver()) {
      const page = draws.oneOf(pages);
      const read = await this.read(colo, page, draws.oneOf(page.variants));
      await delay(read !== undefined ? draws.between(0, thinkMsMax) : pauseAfterFailureMs);
    }
  }

  /** @returns `undefined` for a broken connection or a status other than 200 */
  async read(colo: ReadFrom, page: ServedPage, variant: string): Promise<Read | undefined> {
    const invokedAtMs = this.#recorder.nowMs();
    const answer = await this.#ask(colo, page.path, variant).catch(() => undefined);
    if (answer?.status !== 200) {
      this.#recorder.failedReadCount += 1;
      return undefined;
    }
    const { said, askedOf, cacheStatus, body } = answer;
    if (body !== bodyOf(page.path, said) || said.split(";")[1] !== variant) {
      this.#recorder.torn.push(`${page.path} ${variant}: the fields say ${said}, the body ${body}`);
    }
    const read: Read = {
      colo: colo.name,
      path: page.path,
      variant,
      invokedAtMs,
      returnedAtMs: this.#recorder.nowMs(),
      version: Number.parseInt(said, 10),
      cacheStatus,
      askedOf,
    };
    this.#recorder.reads.push(read);
    return read;
  }

  /** Reads each page once, and returns the number of responses with status 200. */
  async readAll(colo: ReadFrom, pages: readonly ServedPage[]): Promise<number> {
    let count = 0;
    for (const page of pages) {
      for (const variant of page.variants) {
        if ((await this.read(colo, page, variant)) !== undefined) count += 1;
      }
    }
    return count;
  }

  stop(): void {
    this.#agent.destroy();
  }

  async #ask(colo: ReadFrom, path: string, variant: string) {
    const outgoing = request(`${colo.url}${path}`, {
      agent: this.#agent,
      headers: {
        "x-asked-of": colo.isolate,
        ...(variant === "" ? {} : { "accept-language": variant }),
      },
      timeout: this.#readTimeoutMs,
    });
    outgoing.once("timeout", () => outgoing.destroy());
    outgoing.end();
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const { statusCode: status, headers } = incoming;
    const body = Buffer.concat(await incoming.toArray()).toString();
    const said = String(headers["x-version"] ?? "");
    const askedOf = String(headers["x-asked-of"] ?? "");
    return { status, said, askedOf, body, cacheStatus: String(headers["cache-status"] ?? "") };
  }
}
