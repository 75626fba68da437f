// One connection through the proxy. It has two lanes of bytes, which the behaviour changes.
import { connect, type Socket } from "node:net";
import { unreachable } from "../../src/base/unreachable.ts";
import { Lane } from "./lane.ts";
import { type Behaviour, randomBytes, rubbishAnswer } from "./behaviour.ts";

/** The current behaviour, and the random generator of all its connections. */
export interface InForce {
  readonly behaviour: Behaviour;
  readonly draw: () => number;
}

export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #up: Lane;
  readonly #down: Lane;
  readonly #over = Promise.withResolvers<void>();
  #inForce: InForce;
  /** The bytes of the current answer that were passed on. */
  #answeredBytes = 0;
  /** Whether bytes were dropped, so that no later bytes make sense. */
  #isLost = false;

  constructor(client: Socket, target: { host: string; port: number }, inForce: InForce) {
    this.#client = client;
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.#inForce = inForce;
    this.#up = new Lane(client, this.#server);
    this.#down = new Lane(this.#server, client);
    client.on("data", (chunk: Buffer) => this.#asked(chunk));
    this.#server.on("data", (chunk: Buffer) => this.#answered(chunk));
    client.on("end", () => this.#up.end());
    this.#server.on("end", () => void (this.#isLost || this.#down.end()));
    for (const socket of [client, this.#server]) socket.on("error", () => undefined);
    client.on("close", () => this.#end());
    this.#server.on("close", (hadError) => void (hadError && this.#resetUnlessSilent()));
    this.become(inForce);
  }

  /** Resolves when the connection has ended. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  become(inForce: InForce): void {
    const { behaviour } = inForce;
    this.#inForce = inForce;
    this.#answeredBytes = 0;
    const isSlow = behaviour.kind === "slow";
    for (const lane of [this.#up, this.#down]) {
      lane.delayMs = isSlow ? behaviour.eachWayMs : 0;
      if (behaviour.kind === "black-hole" && lane.drop()) this.#isLost = true;
    }
    if (this.#server.errored !== null) this.#resetUnlessSilent();
  }

  #resetUnlessSilent(): void {
    if (!this.#isLost && this.#inForce.behaviour.kind !== "black-hole") this.reset();
  }

  reset(): void {
    if (!this.#client.destroyed) this.#client.resetAndDestroy();
    this.#end();
  }

  #asked(chunk: Buffer): void {
    const { behaviour, draw } = this.#inForce;
    this.#answeredBytes = 0;
    switch (behaviour.kind) {
      case "garbage":
        return this.#answerInstead(randomBytes(draw));
      case "rubbish":
        return this.#answerInstead(rubbishAnswer(draw));
      case "black-hole":
        this.#isLost = true;
        return;
      case "resets":
      case "refuses":
        return;
      case "open":
      case "slow":
      case "cuts":
        if (!this.#isLost) this.#up.pass(chunk);
        return;
      default:
        unreachable(behaviour);
    }
  }

  #answered(chunk: Buffer): void {
    const { behaviour } = this.#inForce;
    if (behaviour.kind === "black-hole") this.#isLost = true;
    if (this.#isLost) return;
    if (behaviour.kind !== "cuts") return this.#down.pass(chunk);
    const leftBytes = Math.max(0, behaviour.afterBytes - this.#answeredBytes);
    this.#answeredBytes += chunk.length;
    this.#down.pass(chunk.subarray(0, leftBytes));
    if (chunk.length < leftBytes) return;
    this.#isLost = true;
    this.#down.end();
  }

  /** Accepts the rest of the request, so that no RST discards the answer. */
  #answerInstead(answer: Buffer): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#down.pass(answer);
    this.#down.end();
  }

  #end(): void {
    this.#up.drop();
    this.#down.drop();
    this.#client.destroy();
    this.#server.destroy();
    this.#over.resolve();
  }
}
