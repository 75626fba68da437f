// Sends calls to a Durable Object, with timeouts, a circuit breaker and one retry.
import { OutOfTime, within } from "../../base/timeouts.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { ListenForEntries } from "../../purge/journal/journal.ts";
import { PlatformLimit, StoreCalls } from "../../remote/invocation.ts";
import type { CallPurpose } from "../../remote/purpose.ts";
import { RemoteClient, type RemoteClientSettings } from "../../remote/remote-client.ts";
import {
  ofInvocation,
  platformWords,
  type RemoteTrouble,
  troubleLine,
  type TroubleWords,
} from "../../remote/trouble.ts";
import { rowsField } from "./counted-sql.ts";
import { hintsPath, type JournalCall, type JournalCalls, unknownStatus } from "./journal-calls.ts";

/** The part of a Durable Object's stub that is used. */
export interface ObjectStub {
  fetch(url: string, init: { method: string; body: string | ArrayBuffer }): Promise<Response>;
}

/** The same stub, for a request that opens a socket. */
interface SocketStub {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** Sends one call. Rejects for a reply that is not 200, and after the timeout. */
export type CallObject = <Call extends JournalCall>(
  call: Call,
  ask: JournalCalls[Call][0],
) => Promise<JournalCalls[Call][1]>;

export interface ObjectClientSettings extends Omit<RemoteClientSettings, "words"> {
  /** The content of the object. Default: `journal`. */
  readonly of?: ObjectContent | undefined;
  /** Returns a stub. A stub whose call has failed is not used again. */
  readonly stub: () => ObjectStub;
  readonly metrics?: Pick<Metrics, "add"> | undefined;
}

/** A reply with an error status. */
export class Refusal extends Error {
  override readonly name = "ObjectRefusal";
  readonly status: number;

  constructor(status: number) {
    super(`The object replied with ${status}.`);
    this.status = status;
  }

  /** Whether the object runs another version of the Worker, as in a gradual deployment. */
  get isOfOtherVersion(): boolean {
    return this.status === unknownStatus;
  }
}

/** The remedy if an object and its caller are of two versions. */
export const oneVersion =
  "give one version all requests: npx wrangler versions deploy <version>@100%. Objects follow within minutes, or at once with the code_update_strategy `immediate`";

type ObjectContent = "journal" | "metrics";

/** Returns the troubles of an object, and their remedies. */
export function objectWords(of: ObjectContent): TroubleWords {
  const object = `The ${of === "journal" ? "journal's" : "metrics'"} Durable Object`;
  const inLogs = "the object's errors in the Worker's logs";
  return {
    ...platformWords,
    unreachable: [`${object} cannot be reached`, `check cloudflarestatus.com, and ${inLogs}`],
    timeout: [
      `${object} does not answer in time`,
      "check its load under Durable Objects in the dashboard",
    ],
    busy: [
      `${object} is overloaded`,
      `${of === "journal" ? "send fewer purges at once, or " : ""}give each site its own namespace`,
    ],
    "other-version": [`${object} runs another version of the Worker`, oneVersion],
    refused: [`${object} refused a call`, `check ${inLogs}, and the size of its storage`],
  };
}

/** The time for a socket to open. */
const openMsMax = 5_000;

/** The client of a journal's object. */
export class ObjectClient {
  readonly remote: RemoteClient<CallObject>;
  readonly #stub: ObjectClientSettings["stub"];
  readonly #metrics: ObjectClientSettings["metrics"];
  readonly #words: TroubleWords;
  readonly #send: <Reply>(
    call: string,
    ask: object,
    purpose: CallCount["purpose"],
  ) => Promise<Reply>;

  constructor({ stub, metrics, of = "journal", ...settings }: ObjectClientSettings) {
    this.#stub = stub;
    this.#metrics = metrics;
    this.#words = objectWords(of);
    const calls = new StoreCalls(() => metrics?.add("refusedSubrequests"));
    this.#send = async (call, ask, purpose) => {
      const body = JSON.stringify(ask);
      // A report that is sent again would count twice.
      const how = { purpose, metrics, mayRepeat: call !== "report" };
      const response = await answerOf(stub, `https://journal/${call}`, body, how);
      return response.json();
    };
    this.remote = new RemoteClient<CallObject>(
      { ...settings, words: this.#words },
      {
        handleFor:
          ({ purpose, timeoutMs }) =>
          (call, ask) =>
            within(
              calls.counted(() => this.#send(call, ask, purpose)),
              timeoutMs,
            ),
        ping: (callObject) => callObject("standing", { places: [] }),
        failed: troubleOf,
      },
    );
  }

  /**
   * Listens over a socket. A failure does not open the breaker of the object, because the reads of the journal
   * also meet it.
   */
  readonly listen: ListenForEntries = async (heard, signal) => {
    if (this.remote.health.isBreakerOpen) return "The circuit breaker of the object is open.";
    try {
      const opening = this.#opened();
      const socket = await within(opening, openMsMax).catch((cause: unknown) => {
        opening.then(closeLate, () => undefined);
        throw cause;
      });
      await messagesOf(socket, heard, signal);
      return undefined;
    } catch (cause) {
      return troubleLine(troubleOf(cause), this.#words);
    }
  };

  async #opened(): Promise<WebSocket> {
    this.#metrics?.add("objectCalls", ["journal hints"]);
    const stub: SocketStub = this.#stub();
    const headers = { upgrade: "websocket" };
    const { webSocket, status } = await stub.fetch(`https://journal/${hintsPath}`, { headers });
    if (!webSocket) throw new Refusal(status);
    return webSocket;
  }
}

/** Closes a socket that has opened too late, so that the object does not keep it. */
function closeLate(socket: WebSocket): void {
  socket.accept();
  socket.close();
}

/** Resolves when the socket has closed, or after the signal. */
function messagesOf(
  socket: WebSocket,
  heard: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => heard(String(data)));
    for (const end of ["close", "error"]) socket.addEventListener(end, () => resolve());
    signal.addEventListener("abort", () => {
      socket.close();
      resolve();
    });
    socket.accept();
  });
}

/** How a call is counted. */
export interface CallCount {
  readonly purpose: CallPurpose;
  readonly metrics?: Pick<Metrics, "add"> | undefined;
}

/**
 * Sends a call, and sends it once more if the connection breaks, because the object is restarted for
 * every deployment. Rejects for a reply that is not 200.
 *
 * @param how.mayRepeat whether a repeated call changes nothing more
 */
export async function answerOf(
  stub: () => ObjectStub,
  url: string,
  body: string | ArrayBuffer,
  { purpose, metrics, mayRepeat = true }: CallCount & { readonly mayRepeat?: boolean },
): Promise<Response> {
  const once = () => {
    metrics?.add("objectCalls", [purpose]);
    return stub().fetch(url, { method: "POST", body });
  };
  const response = await once().catch((cause: unknown) => {
    if (!mayRepeat || isOverloaded(cause)) throw cause;
    return once();
  });
  const rows = Number(response.headers.get(rowsField));
  if (rows > 0) metrics?.add("objectRows", [purpose], rows);
  if (response.ok) return response;
  await response.body?.cancel();
  throw new Refusal(response.status);
}

/** Returns whether Cloudflare has refused the call, because too many calls wait for the object. */
export function isOverloaded(cause: unknown): boolean {
  return cause instanceof Error && "overloaded" in cause && cause.overloaded === true;
}

function troubleOf(cause: unknown): RemoteTrouble {
  if (cause instanceof OutOfTime) return "timeout";
  if (cause instanceof Refusal) return cause.isOfOtherVersion ? "other-version" : "refused";
  if (cause instanceof PlatformLimit) return ofInvocation;
  return isOverloaded(cause) ? "busy" : "unreachable";
}
