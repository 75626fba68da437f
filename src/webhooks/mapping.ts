// Runs a hook's mapping, which is the operator's code, and reports its failures.
import { errorName, firstFrame } from "../base/error-name.ts";
import { Condition, type Trouble } from "../observe/condition.ts";
import type { Log } from "../observe/log-line.ts";
import { faultOf, faultText, type Reason } from "../base/operator-error.ts";
import type { HookPorts, MappingFault } from "./port/hook.ts";
import type { WebhookFields, WebhookScheme } from "./port/scheme.ts";

type OrderReader<Order extends object> = Pick<
  HookPorts<Order, unknown>,
  "orderOf" | "nowAtMs" | "log"
>;

export type MappedPayload<Order> =
  | { readonly kind: "order"; readonly order: Order }
  | { readonly kind: "nothing" }
  | ({ readonly kind: "failed" } & Reason);

const hint =
  "Fix the mapping of this hook in the configuration, deploy, and send the webhook again.";

/** The mapping of a hook, and its last failure. One instance per hook and isolate. */
export class Mapping {
  readonly #toOrder: WebhookScheme["toOrder"];
  readonly #condition: Condition<MappingFault>;
  #log: Log | undefined;
  #detail = "";

  constructor(name: string, { toOrder }: Pick<WebhookScheme, "toOrder">) {
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
    ports: OrderReader<Order>,
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
    { nowAtMs, log }: OrderReader<Order>,
  ): MappedPayload<Order> {
    this.#log = log;
    this.#condition.succeeded(nowAtMs());
    return mapped;
  }

  #failed<Order extends object>(
    kind: MappingFault,
    why: string,
    detail: string,
    { nowAtMs, log }: OrderReader<Order>,
  ): MappedPayload<Order> {
    this.#log = log;
    this.#detail = detail;
    this.#condition.failed(kind, nowAtMs());
    return { kind: "failed", why: `The mapping of this hook failed. ${why}`, hint };
  }
}
