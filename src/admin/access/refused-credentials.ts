// Counts and logs requests with a wrong credential, from operators or senders of purges.
import { Condition } from "../../observe/condition.ts";
import type { CredentialKind, CredentialRefusal } from "../../protocol/families.ts";
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";

/** The part of a request that contains each credential. */
const placeOf: Readonly<Record<CredentialKind, string>> = {
  bearer: "Authorization",
  debug: "Tidemark-Debug",
  challenge: "Tidemark-Challenge",
  signature: "webhook-signature",
  hook: "signature of a hook",
  varnish: "address or token of a Varnish client",
};

const whyOf: Readonly<Record<CredentialRefusal, string>> = {
  wrong: "this deployment does not accept it",
  expired: "it has expired, or a clock is wrong",
  malformed: "it is malformed",
  "read-only": "it only reads",
};

export interface RefusedCredentialsSettings {
  readonly metrics: Pick<Metrics, "add">;
  readonly log: Log;
  readonly nowAtMs: () => number;
}

/** Refusals of one isolate since its start. */
export interface LocalRefusals {
  readonly sinceAtMs: number;
  readonly lastAtMs: number;
  readonly counts: Readonly<Partial<Record<CredentialKind, number>>>;
}

/** Refusals by kind of credential, one instance per isolate. Stores no text that clients choose. */
export class RefusedCredentials {
  readonly #settings: RefusedCredentialsSettings;
  readonly #conditions: Readonly<Record<CredentialKind, Condition<CredentialRefusal>>>;
  #here: LocalRefusals | undefined;

  constructor(settings: RefusedCredentialsSettings) {
    this.#settings = settings;
    const of = (credential: CredentialKind) =>
      new Condition<CredentialRefusal>({
        tell: settings.log,
        about: () => ({ event: "operator-refused", credential }),
        troubleLine: (why) =>
          `A request was refused for its ${placeOf[credential]}: ${whyOf[why]}. Metrics count all such requests.`,
        wellLine: (lasted) => `A valid ${placeOf[credential]} has arrived after ${lasted}.`,
      });
    this.#conditions = {
      bearer: of("bearer"),
      debug: of("debug"),
      challenge: of("challenge"),
      signature: of("signature"),
      hook: of("hook"),
      varnish: of("varnish"),
    };
  }

  /** Returns this isolate's refusals; `undefined` if there are none. */
  get here(): LocalRefusals | undefined {
    return this.#here;
  }

  refused(credential: CredentialKind, why: CredentialRefusal): void {
    const { metrics, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    metrics.add("operatorRefusals", [credential, why]);
    const counts = this.#here?.counts ?? {};
    this.#here = {
      sinceAtMs: this.#here?.sinceAtMs ?? atMs,
      lastAtMs: atMs,
      counts: { ...counts, [credential]: (counts[credential] ?? 0) + 1 },
    };
    this.#conditions[credential].failed(why, atMs);
  }

  accepted(credential: CredentialKind): void {
    this.#conditions[credential].succeeded(this.#settings.nowAtMs());
  }
}
