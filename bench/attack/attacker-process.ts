// The attackers, in a separate process. Runs one attack for a given time, at a rate that does not
// depend on the Worker's responses.
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Draws } from "../../testing/draws.ts";
import { ask, nowAtMs } from "../load/ask.ts";
import { atInstants, instantsMs } from "../load/pace.ts";
import { answerCalls } from "../load/part.ts";
import { arrivalShare, type Asking, crowdCount, type Manner } from "./attack.ts";
import { attackNamed } from "./attacks.ts";

interface Assault {
  readonly name: string;
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface AssaultFigures {
  readonly sentCount: number;
  /** The number of requests that were not sent, because too many were in progress. */
  readonly notSentCount: number;
  /** The number of responses by status. The status 0 means that there was no response. */
  readonly statuses: ReadonlyMap<number, number>;
  /** The duration of the slowest request of each crowd. */
  readonly crowdSlowestMs: readonly number[];
  readonly lateMsMax: number;
}

const waitTimeoutMs = 10_000;
/**
 * The requests in progress after the time-out at the default rate, if the Worker answers none of
 * them.
 */
const underWayMax = 1_000;

const calls = {
  run: async ({ name, url, perSecond, seconds, seed }: Assault): Promise<AssaultFigures> => {
    const { asking, manner } = attackNamed(name);
    const draws = new Draws(seed);
    const statuses = new Map<number, number>();
    const rude: RudeConnection[] = [];
    const underWay = new Set<Promise<unknown>>();
    const crowdSlowestMs: number[] = [];
    let [sentCount, notSentCount] = [0, 0];
    const note = (status: number) => {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    const begin = () => {
      if (underWay.size >= underWayMax) {
        notSentCount += 1;
        return;
      }
      const asked = asking(sentCount, draws);
      const count = manner === "crowd" ? crowdCount : 1;
      sentCount += count;
      if (manner !== "ask" && manner !== "crowd") {
        rude.push(new RudeConnection(url, { asking: asked, manner }, note));
        return;
      }
      const sentAtMs = nowAtMs();
      const all = Array.from({ length: count }, async () => note(await statusOf(url, asked)));
      const answered = Promise.all(all).then(() =>
        manner === "crowd" ? crowdSlowestMs.push(nowAtMs() - sentAtMs) : 0,
      );
      underWay.add(answered);
      void answered.finally(() => underWay.delete(answered));
    };
    const share = manner === "stall" ? arrivalShare.stall : 1;
    const arriving = { perSecond: perSecond / share, seconds: seconds * share };
    const end = delay(seconds * 1_000);
    const lateMsMax = await atInstants(instantsMs(draws.fork(), arriving), begin);
    await end;
    for (const connection of rude) connection.leave();
    await Promise.all(underWay);
    return { sentCount, notSentCount, statuses, crowdSlowestMs, lateMsMax };
  },
};
export type AttackerCalls = typeof calls;

async function statusOf(
  url: string,
  { path, headers, method = "GET", body }: Asking,
): Promise<number> {
  const sent = { method, waitTimeoutMs, ...(body !== undefined && { body }) };
  return (await ask(url + path, headers, sent)).status;
}

answerCalls(calls);

/** The delay before `reset-before` resets the connection. */
const resetAfterMs = 5;
const byteEveryMs = 1_000;

/** Calls `onStatus` once: with the status of the response, or with 0 if there is no response. */
class RudeConnection {
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
