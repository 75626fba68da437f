// Sends calls to the Durable Objects of the records, within timeouts. Pages and data of an isolate share
// one client, so each trouble of the objects is logged once.
import { PlatformLimit } from "../../remote/invocation.ts";
import { OutOfTime } from "../../base/timeouts.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierTrouble, TierTroubleKind } from "../../cache/tiers/tier.ts";
import { Condition } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { CallPurpose } from "../../remote/purpose.ts";
import { BoundedCalls } from "../../remote/bounded-calls.ts";
import type { StoreHealth } from "../../remote/store-health.ts";
import type { Spread } from "../spread.ts";
import {
  callPath,
  framed,
  fullStatus,
  type RecordCall,
  type RecordCalls,
  unframed,
  type WithLimit,
  type WithRoom,
} from "./framed-call.ts";
import { answerOf, isOverloaded, type ObjectStub, oneVersion, Refusal } from "./object-client.ts";

/** Returns a stub of one object. */
export type Target = () => ObjectStub;

export interface RecordsClientSettings {
  readonly spread: Spread<Target>;
  readonly nowAtMs: () => number;
  readonly log: Log;
  /** The option `limits.objectBytes`; absent for no limit. */
  readonly objectBytes?: number | undefined;
  readonly metrics?: Pick<Metrics, "add"> | undefined;
}

export interface Dispatch<Call extends RecordCall> {
  readonly target: Target;
  readonly call: Call;
  readonly ask: RecordCalls[Call][0];
  readonly bodies?: readonly Blob[];
  readonly msMax: number;
  readonly purpose: CallPurpose;
  /** Whether a call is sent again if its connection breaks. Default: true. */
  readonly mayRepeat?: boolean;
}

type ErrorKind = Exclude<TierTroubleKind, "timeout">;

/** The troubles, and their remedies. */
const words: Readonly<Record<ErrorKind, readonly [why: string, remedy: string]>> = {
  unreachable: [
    "A Durable Object of the records cannot be reached",
    "check cloudflarestatus.com, and the object's errors in the Worker's logs",
  ],
  busy: ["A Durable Object of the records is overloaded", "raise `objects`"],
  refused: [
    "A Durable Object of the records failed",
    "check the object's errors in the Worker's logs",
  ],
  "other-version": [
    "A Durable Object of the records runs another version of the Worker, so it stores nothing for this one",
    oneVersion,
  ],
  full: [
    "A Durable Object of the records is full, and evicts what clients request least",
    "raise `limits.objectBytes` or `objects`, or shorten the lifetimes",
  ],
};

export class RecordsClient {
  readonly #spread: Spread<Target>;
  readonly #nowAtMs: () => number;
  readonly #objectBytes: number | undefined;
  readonly #metrics: RecordsClientSettings["metrics"];
  readonly #calls: BoundedCalls;
  readonly #errors: Condition<ErrorKind>;
  /** The objects whose last call failed. A full object stays in the map until a write finds space. */
  readonly #failing = new Map<Target, ErrorKind>();

  constructor({ spread, nowAtMs, log, objectBytes, metrics }: RecordsClientSettings) {
    const tell: Log = (line) => log({ ...line, part: "shared-tier" });
    const about = "The Durable Object of the records";
    this.#spread = spread;
    this.#nowAtMs = nowAtMs;
    this.#objectBytes = objectBytes;
    this.#metrics = metrics;
    const onRefused = () => metrics?.add("refusedSubrequests");
    this.#calls = new BoundedCalls({ nowAtMs, tell, about, event: "database", onRefused });
    this.#errors = new Condition({
      tell,
      about: () => ({ event: "database" }),
      troubleLine: (kind) => `${words[kind].join(": ")}.`,
      wellLine: (lasted) => `The Durable Objects of the records work again after ${lasted}.`,
    });
  }

  /** The health of the objects, by their timeouts. */
  get health(): StoreHealth {
    return this.#calls.health;
  }

  /** The last trouble, even if it is over. */
  get trouble(): TierTrouble | undefined {
    const [slow, failed] = [this.#calls.trouble, this.#errors.trouble];
    if (failed === undefined || (slow !== undefined && (!slow.isOver || failed.isOver)))
      return slow;
    const [why, remedy] = words[failed.kind];
    return { ...failed, why, remedy };
  }

  objectOf(key: RecordKey): Promise<Target> {
    return this.#spread.of(key);
  }

  /** Groups the positions of keys by object. */
  grouped(keys: readonly RecordKey[]): Promise<ReadonlyMap<Target, readonly number[]>> {
    return this.#spread.grouped(keys);
  }

  /** Rejects if the object fails or does not answer in time. */
  async send<Call extends RecordCall>(sending: Dispatch<Call>) {
    const { target, call, ask, bodies = [], msMax, purpose, mayRepeat = true } = sending;
    const sent = async () => {
      const limit: WithLimit = { objectBytes: this.#objectBytes };
      const message = await framed({ ...ask, ...limit }, ...bodies);
      const response = await answerOf(target, `https://records/${callPath(call)}`, message, {
        purpose,
        metrics: this.#metrics,
        mayRepeat,
      });
      return unframed(await response.arrayBuffer());
    };
    try {
      const { message, body } = await this.#calls.answered(sent, msMax);
      if ((message as Partial<WithRoom>).isFull === true) this.#failed(target, "full");
      else this.#succeeded(target, call);
      return { reply: message as RecordCalls[Call][1], body };
    } catch (cause) {
      const isOfObject = !(cause instanceof OutOfTime || cause instanceof PlatformLimit);
      if (isOfObject) this.#failed(target, kindOf(cause));
      throw cause;
    }
  }

  #failed(target: Target, kind: ErrorKind): void {
    this.#failing.set(target, kind);
    this.#errors.failed(kind, this.#nowAtMs());
  }

  #succeeded(target: Target, call: RecordCall): void {
    const isWrite = call === "write" || call === "writeMany";
    if (this.#failing.get(target) === "full" && !isWrite) return;
    this.#failing.delete(target);
    if (this.#failing.size === 0) this.#errors.succeeded(this.#nowAtMs());
  }
}

function kindOf(cause: unknown): ErrorKind {
  if (cause instanceof Refusal && cause.isOfOtherVersion) return "other-version";
  if (cause instanceof Refusal) return cause.status === fullStatus ? "full" : "refused";
  return isOverloaded(cause) ? "busy" : "unreachable";
}
