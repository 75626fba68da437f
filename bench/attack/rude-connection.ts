// The connection of a hostile client. The client resets the connection, or reads or sends one byte
// a second.
import { connect, type Socket } from "node:net";
import type { Asking } from "./askings.ts";
import type { Manner } from "./attack.ts";

/** The delay before `reset-before` resets the connection. */
const resetAfterMs = 5;
const byteEveryMs = 1_000;

/** Calls `onStatus` once: with the status of the response, or with 0 if there is no response. */
export class RudeConnection {
  readonly #socket: Socket;
  readonly #onStatus: (status: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #isTold = false;

  constructor(
    url: string,
    asked: { readonly asking: Asking; readonly manner: Exclude<Manner, "ask"> },
    onStatus: (status: number) => void,
  ) {
    const { host, hostname, port } = new URL(url);
    this.#onStatus = onStatus;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on("error", () => undefined);
    this.#socket.once("close", () => this.leave());
    this.#socket.write(headOf(asked.asking, host));
    this.#behave(asked.manner);
  }

  leave(): void {
    clearInterval(this.#timer);
    this.#socket.resetAndDestroy();
    this.#tell(0);
  }

  #behave(manner: Exclude<Manner, "ask">): void {
    const socket = this.#socket;
    if (manner === "reset-before") {
      socket.once("connect", () => (this.#timer = setTimeout(() => this.leave(), resetAfterMs)));
      return;
    }
    socket.once("readable", () => {
      const head: unknown = socket.read("HTTP/1.1 200".length);
      this.#tell(Number(String(head).slice(-3)));
      if (manner === "reset-during") this.leave();
    });
    if (manner === "slow-read") this.#timer = setInterval(() => socket.read(1), byteEveryMs);
    if (manner === "slow-upload") this.#timer = setInterval(() => socket.write("x"), byteEveryMs);
  }

  #tell(status: number): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#onStatus(status);
  }
}

function headOf({ path, method = "GET", headers = {} }: Asking, host: string): string {
  const fields = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`;
}
