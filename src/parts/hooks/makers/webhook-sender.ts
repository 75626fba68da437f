// Makes a webhook sender from its scheme. A payload is parsed only after its signature is verified.
import {
  type Fault,
  isFault,
  faultOf,
  faultText,
  type Reason,
} from "../../../base/operator-error.ts";
import { hookVariable } from "../../../protocol/variables/secret-variables.ts";
import { type HookSecrets, hookSecretsOf } from "./hook-secrets.ts";
import type { HookPorts, HookRefusal, WebhookSender, MappingFault } from "../port/hook.ts";
import type { WebhookScheme, WebhookFields } from "../port/scheme.ts";
import { checkSender } from "./sender-options.ts";
import { Repeats } from "./repeats.ts";
import { OutOfTime, pause, within } from "../../../base/timeouts.ts";
import { sha256Hex } from "../../../base/sha256.ts";
import { errorName, firstFrame } from "../../../base/error-name.ts";
import { Condition, type Trouble } from "../../../observe/condition.ts";
import type { Log } from "../../../observe/log-line.ts";

/**
 * Makes a sender for `hooks()`.
 *
 * @throws OperatorError for invalid options
 *
 * @example
 * hooks({ shop: webhookSender({ claimOf, toOrder }) })
 */
export function webhookSender(scheme: WebhookScheme): WebhookSender {
  checkSender({ ...scheme, mapping: scheme.toOrder });
  return {
    open(name, env) {
      const { secrets, faults } = hookSecretsOf(name, env);
      const mapping = new Mapping(name, scheme);
      const hook = { name, scheme, secrets, mapping, repeats: new Repeats() };
      return {
        faults: isFault(secrets) ? [secrets, ...faults] : faults,
        get trouble() {
          return mapping.trouble;
        },
        receive: (request, ports) => receive(request, hook, ports),
      };
    },
  };
}

interface OpenHook {
  readonly name: string;
  readonly scheme: WebhookScheme;
  readonly secrets: HookSecrets;
  readonly mapping: Mapping;
  readonly repeats: Repeats;
}

/** The maximum length of a secret in a field. */
export const tokenLengthMax = 1_024;
const bodyBytesMax = 65_536;
/**
 * How long the answer waits for the journal. Ghost stops waiting after 2 s. The purge then
 * continues in the background.
 */
const journalMsMax = 1_500;

/**
 * Receives a webhook. Answers 200 with the position of the purge's entry, with `joined` or with
 * `ignored`; else 400, 401, 408, 413, 500 or 503 with the error. Never answers 410, because Ghost
 * would delete the webhook.
 */
async function receive<Order extends object, Answer>(
  request: Request,
  hook: OpenHook,
  ports: HookPorts<Order, Answer>,
): Promise<Answer> {
  const { name, scheme, secrets } = hook;
  if (isFault(secrets)) return ports.refused(notUsable(secrets));
  const claim = scheme.claimOf(request, ports.nowAtMs());
  if (claim.kind === "test") return ports.tested();
  if (claim.kind === "refused") {
    ports.judged(claim.reason === "timestamp" ? "expired" : "malformed");
    return ports.refused(unauthorized(name, claim.reason));
  }
  const body = await ports.bodyOf(request, scheme.maxBytes ?? bodyBytesMax);
  if (!(body instanceof Uint8Array)) return ports.refused(body);
  const isSigned = await claim.isSigned(body, secrets);
  ports.judged(isSigned ? undefined : "wrong");
  if (!isSigned) return ports.refused(unauthorized(name, "wrong"));
  const payload = parsed(body);
  if (payload === undefined) return ports.refused(notJson);
  const mapped = hook.mapping.run(payload.value, request.headers, ports);
  if (mapped.kind === "nothing") return ports.ignored();
  if (mapped.kind === "failed") return ports.refused(mappingFailed(mapped));
  const bodyDigest = await sha256Hex(body);
  const id = idOf(name, claim.delivery, bodyDigest);
  const purge = (as: string) =>
    ports.purge(mapped.order, { id: as, by: `hook:${name}`, bodyDigest });
  // A mapping may read header fields, so the same body may purge other targets.
  const content = `${bodyDigest}\n${JSON.stringify(mapped.order)}`;
  const purgeDigest = await sha256Hex(content);
  const purging = hook.repeats.run(purgeDigest, ports.nowAtMs, () => purge(id));
  ports.afterAnswer(async () => {
    const purged = await purging;
    if (typeof purged === "string" || !purged.isAccepted) return;
    await purgeAgain(hook, ports, () => purge(id === "" ? "" : `${id}\nagain`));
  });
  try {
    const purged = await within(purging, journalMsMax);
    if (purged === "joined") return ports.joined();
    return purged === "busy" ? ports.refused(tooSlow) : purged.answer;
  } catch (cause) {
    if (cause instanceof OutOfTime) return ports.refused(tooSlow);
    throw cause;
  }
}

/** Purges a second time, if the sender calls before it commits the change. */
async function purgeAgain<Order extends object, Answer>(
  { name, scheme: { repeatAfterSeconds } }: OpenHook,
  { log }: HookPorts<Order, Answer>,
  purge: () => Promise<{ readonly isAccepted: boolean }>,
): Promise<void> {
  if (repeatAfterSeconds === undefined) return;
  await pause(repeatAfterSeconds * 1_000);
  if ((await purge()).isAccepted) return;
  const message = `The second purge of a webhook of the hook ${JSON.stringify(name)} was not accepted. Pages that were fetched before the sender committed its change stay until they expire: purge them manually.`;
  log({ event: "hook", level: "error", message, hook: name });
}

/**
 * Combines the delivery id with the body's digest. Few senders sign the id, so an attacker could
 * send a known id with another body. Line feeds distinguish the ids of hooks from the ids of `POST
 * purge`.
 */
function idOf(name: string, delivery: string, bodyDigest: string): string {
  return delivery === "" ? "" : `hook:${name}\n${delivery}\n${bodyDigest.slice(0, 16)}`;
}

/** Parses a body. Returns `undefined` if the body is not JSON in UTF-8. */
function parsed(body: Uint8Array): { readonly value: unknown } | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return { value: JSON.parse(text, asWritten) };
  } catch {
    return undefined;
  }
}

/** Keeps an integer that a number does not hold exactly, such as an id, as the text in the JSON. */
function asWritten(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isInexact = Number.isInteger(value) && !Number.isSafeInteger(value);
  return isInexact && /^-?\d+$/.test(context?.source ?? "") ? context?.source : value;
}

/** Returns the refusal of a hook whose secret is unusable. */
export function notUsable({ what, why, hint }: Fault): HookRefusal {
  const known = { status: 503, code: "not-usable", refusal: "unavailable" } as const;
  return { ...known, why: `${what} ${why}`, hint };
}

const whyUnauthorized = {
  malformed: "The request has no signature in the form that this hook expects.",
  timestamp: "The timestamp is too old or too new.",
  wrong: "The signature matches no secret of this hook.",
};

function unauthorized(name: string, reason: keyof typeof whyUnauthorized): HookRefusal {
  return {
    status: 401,
    code: "unauthorized",
    refusal: reason === "timestamp" ? "timestamp" : "signature",
    why: whyUnauthorized[reason],
    hint: `Sign the request with the secret that ${hookVariable(name)} holds, and check the clock of the sender.`,
  };
}

const notJson: HookRefusal = {
  status: 400,
  code: "malformed",
  refusal: "malformed",
  why: "The body is not JSON in UTF-8.",
  hint: "Configure the sender to send JSON.",
};

/**
 * The refusal for a failed mapping. Its status is a 5xx, so that the sender retries until the
 * mapping is fixed.
 */
function mappingFailed({ why, hint }: Reason): HookRefusal {
  const code = "mapping-failed";
  return { status: 500, code, refusal: code, why, hint };
}

const tooSlow: HookRefusal = {
  status: 503,
  code: "unavailable",
  refusal: "unavailable",
  why: `The journal did not answer within ${journalMsMax / 1_000} s.`,
  hint: "Send it again in a moment.",
};

type MappedPayload<Order> =
  | { readonly kind: "order"; readonly order: Order }
  | { readonly kind: "nothing" }
  | ({ readonly kind: "failed" } & Reason);

const hint =
  "Fix the mapping of this hook in the configuration, deploy, and send the webhook again.";

/** The mapping of a hook, and its last failure. One instance per hook and isolate. */
class Mapping {
  readonly #toOrder: WebhookScheme["toOrder"];
  readonly #condition: Condition<MappingFault>;
  #log: Log | undefined;
  #detail = "";

  constructor(name: string, { toOrder }: WebhookScheme) {
    this.#toOrder = toOrder;
    const quoted = JSON.stringify(name);
    this.#condition = new Condition<MappingFault>({
      tell: (line) => this.#log?.(line),
      about: () => ({ event: "hook", level: "error", hook: name }),
      troubleLine: () =>
        `The mapping of the hook ${quoted} failed, and the webhook purged nothing: ${this.#detail}`,
      wellLine: (lasted) => `The mapping of the hook ${quoted} works again after ${lasted}.`,
    });
  }

  get trouble(): Trouble<MappingFault> | undefined {
    return this.#condition.trouble;
  }

  /**
   * Runs the mapping.
   *
   * @param payload the payload of a verified request
   */
  run<Order extends object>(
    payload: unknown,
    fields: WebhookFields,
    ports: HookPorts<Order, unknown>,
  ): MappedPayload<Order> {
    let written: unknown;
    try {
      written = this.#toOrder(payload, fields);
    } catch (cause) {
      const fault = faultOf(cause);
      if (fault !== undefined) {
        return this.#failed("invalid", faultText(fault), faultText(fault), ports);
      }
      const name = errorName(cause);
      return this.#failed("threw", `It threw ${name}.`, `${name} ${firstFrame(cause)}`, ports);
    }
    if (written === undefined || written === null) return this.#worked({ kind: "nothing" }, ports);
    if (written instanceof Promise) {
      // An unhandled rejection would end a Node process.
      written.catch(() => undefined);
      return this.#failed("invalid", "It returned a promise.", "it returned a promise.", ports);
    }
    const order = ports.orderOf(written);
    if (!("fault" in order)) return this.#worked({ kind: "order", order }, ports);
    // The fault may quote the payload, which must not be logged.
    const detail = "it returned no purge order. The answer to the sender gives the reason.";
    return this.#failed("invalid", `It returned no purge order: ${order.fault.why}`, detail, ports);
  }

  #worked<Order extends object>(
    mapped: MappedPayload<Order>,
    { nowAtMs, log }: HookPorts<Order, unknown>,
  ): MappedPayload<Order> {
    this.#log = log;
    this.#condition.succeeded(nowAtMs());
    return mapped;
  }

  #failed<Order extends object>(
    kind: MappingFault,
    why: string,
    detail: string,
    { nowAtMs, log }: HookPorts<Order, unknown>,
  ): MappedPayload<Order> {
    this.#log = log;
    this.#detail = detail;
    this.#condition.failed(kind, nowAtMs());
    return { kind: "failed", why: `The mapping of this hook failed. ${why}`, hint };
  }
}
