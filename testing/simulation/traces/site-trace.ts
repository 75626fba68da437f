// Records the requests of one simulated site for a trace: loads from the origin, what its tiers
// store and return, and the stored responses that answer clients.
import { createHash } from "node:crypto";
import type { JournalView } from "../../../src/purge/view/journal-view.ts";
import type { OriginRequest } from "../../../src/platform/fetch-origin.ts";
import {
  type StoredMetadata,
  type ResponseRead,
  responseIn,
  type Tiers,
} from "../../../src/pages/stored/stored-response.ts";
import { TierStack } from "../../../src/cache/tiers/tier-stack.ts";
import { pages } from "../simulated-pages.ts";
import type { IsolateTrace } from "./isolate-trace.ts";
import { numberField } from "./trace.ts";

/** Stands for any number in an event. */
const anything = -1;

/** The versions of bodies, by digest. */
const versionOfDigest = new Map<string, number>();
for (let version = 1; version < 500; version += 1) {
  versionOfDigest.set(createHash("sha256").update(String(version)).digest("base64url"), version);
}

/** A request to the origin, in a trace. */
export interface OriginTrace {
  /** Records that the origin generates a version, and returns the fields that name the response. */
  generated(
    version: number,
    how: {
      readonly isUnchanged: boolean;
      readonly isRenewed: boolean;
      readonly ageSeconds: number | undefined;
    },
  ): Record<string, string>;
}

/** The parts of a simulated isolate that a trace reads. */
interface TracedIsolate {
  readonly view: Pick<JournalView, "tail">;
  nowAtMs(): number;
}

export class SiteTrace {
  readonly #isolate: TracedIsolate;
  readonly #trace: IsolateTrace;
  /** The bodies of responses that this isolate has stored or found. */
  readonly #bodies = new Map<number, number>();
  /** The numbers of the responses to requests. */
  readonly #attempts = new WeakMap<OriginRequest, number>();

  constructor(isolate: TracedIsolate, trace: IsolateTrace) {
    this.#isolate = isolate;
    this.#trace = trace;
  }

  /** Records a request to the origin. A second attempt of a request is the same in a trace. */
  forwards(request: OriginRequest): OriginTrace {
    const record = this.#attempts.get(request) ?? this.#loads(request);
    this.#attempts.set(request, record);
    return {
      generated: (version, { ageSeconds, ...how }) => {
        // A cache rounds `Age` down to whole seconds.
        const age = ageSeconds === undefined ? 0 : (ageSeconds + 1) * 1_000;
        this.#trace.event("generate", { record, body: version, ...how, age });
        return { [numberField]: String(record) };
      },
    };
  }

  #loads({ target, method, headers }: OriginRequest): number {
    const record = this.#trace.trace.nextRecord();
    const [, page = ""] = target.path.split("/");
    const [validator = "0"] = /\d+/.exec(headers.get("if-none-match") ?? "") ?? [];
    // The origin that lies has the same validator for all bodies.
    const isLying = headers.get("if-none-match") === '"0"';
    this.#trace.event("load", {
      record,
      page: pages.findIndex((one) => one === page),
      stamp: this.#trace.trace.numberOf(this.#isolate.view.tail.chain?.end),
      requestedAt: this.#isolate.nowAtMs(),
      body: isLying ? anything : Number(validator),
      isHead: method === "HEAD",
    });
    return record;
  }

  /** Records what tiers store and return. */
  observed(tiers: Tiers): Tiers {
    const observe = <T extends object>(tier: T): T =>
      new Proxy(tier, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== "function") return member;
          return (...given: unknown[]) => this.#called(name, given, member.bind(target));
        },
      });
    return new TierStack(observe(tiers.memory), tiers.below.map(observe));
  }

  #called(name: string | symbol, given: unknown[], call: (...given: unknown[]) => unknown) {
    if (name === "write") this.#writes(given[1] as Parameters<Tiers["memory"]["write"]>[1]);
    const result = call(...given);
    if (name !== "read") return result;
    if (!(result instanceof Promise)) return this.#finds(result as ResponseRead);
    return (result as Promise<ResponseRead>).then((read) => this.#finds(read));
  }

  #writes(record: Parameters<Tiers["memory"]["write"]>[1]): void {
    if (record.kind !== "response") return;
    const { metadata } = record.stored;
    const number = this.#trace.trace.recordNumber(metadata);
    const { stored } = this.#trace.trace;
    const isStored = stored.has(number);
    stored.add(number);
    const { requestedAtMs: requestedAt } = metadata;
    const what = { record: number, ...this.#whatIs(metadata) };
    this.#bodies.set(number, what.body);
    if (isStored) this.#trace.event("read", what);
    else this.#trace.event("store", { ...what, requestedAt });
  }

  #finds(read: ResponseRead): ResponseRead {
    const stored = responseIn(read);
    if (stored === undefined) return read;
    const { metadata } = stored;
    const record = this.#trace.trace.recordNumber(metadata);
    const what = { record, ...this.#whatIs(metadata) };
    this.#bodies.set(record, what.body);
    this.#trace.event("read", what);
    return read;
  }

  /** Records that a stored response answers a client. */
  answers(response: Response, text: string, isFollower: boolean): void {
    const record = Number(response.headers.get(numberField));
    const body = text === "" ? (this.#bodies.get(record) ?? 0) : Number(text);
    const how = { stamp: anything, body, isFollower, isFresh: true };
    this.#trace.event("answer", { record, ...how });
  }

  #whatIs(metadata: StoredMetadata) {
    const { stamp, bodyAt, colo } = this.#trace.trace.provenanceOf(metadata);
    const { bodyDigest } = metadata;
    return {
      stamp: stamp ?? 0,
      bodyAt: bodyAt ?? 0,
      colo: colo ?? 0,
      body: bodyDigest === null ? 0 : (versionOfDigest.get(bodyDigest) ?? -1),
    };
  }
}
