// The decisions of Tidemark's rules on a generated exchange, with one method for each aspect.
import { requestDirectives, governingDirectives } from "../../../src/rules/cache-control.ts";
import type { Route } from "../../../src/config/config.ts";
import {
  freshenedFields,
  conditionalFields,
  freshensWhatWasSent,
} from "../../../src/rules/validators.ts";
import { selectingFieldNames, selectingValues, selects } from "../../../src/rules/selecting.ts";
import { mayStore, storableFields } from "../../../src/rules/storable.ts";
import { fieldsOf } from "../../../src/rules/fields.ts";
import type { StoredResponse } from "../../../src/pages/stored/stored-response.ts";
import { unreachable } from "../../../src/base/unreachable.ts";
import { Invalidations } from "../../../src/pages/site/remembered-keys.ts";
import { noJournal } from "../../../src/purge/view/view.ts";
import { ageSeconds, termsOf } from "../../../src/pages/stored/lifetime.ts";
import { keyUrl } from "../../../src/pages/request/key.ts";
import { keyedAs } from "../../../src/pages/request/plan.ts";
import { readTarget } from "../../../src/pages/request/target.ts";
import {
  decide,
  decideOnError,
  type VerdictQuestion,
} from "../../../src/pages/reuse/may-answer.ts";
import { configWith, metadataWith, routeWith } from "../../../testing/examples/requests.ts";
import { receivedAtMs } from "../../../testing/examples/generated-dates.ts";
import type { Exchange } from "./exchange.ts";
import { fieldsIn } from "./fields.ts";
import { NameSecret } from "../../../src/cache/record/record-key.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

const route = routeWith();
const config = configWith();

export class Ours {
  readonly #exchange: Exchange;
  readonly #route: Route;
  readonly #stored: StoredResponse;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#route = { ...route, heuristics: exchange.heuristics };
    const received = fieldsIn.response(exchange);
    const { directives } = governingDirectives(received);
    const changes = {
      status: exchange.response.status,
      fields: storableFields(received, directives),
      requestedAtMs: receivedAtMs - exchange.delaySeconds * 1_000,
      respondedAtMs: receivedAtMs,
    };
    this.#stored = { metadata: metadataWith({}, changes), body: { kind: "absent" } };
  }

  /**
   * Returns whether the response may be stored, without the rule that a useless response is not
   * stored.
   */
  storable(): boolean {
    const { request, response } = this.#exchange;
    const verdict = mayStore({
      request: {
        method: request.method,
        noStore: requestDirectives(fieldsIn.request(this.#exchange)).noStore,
        hasAuthorization: request.authorization !== undefined,
      },
      status: response.status,
      fields: fieldsOf(this.#stored.metadata),
      governing: this.#terms.governing,
      lifetimeAssigned: false,
      // As in the conformance suite: the origin's lifetime also applies to errors.
      isNamed: true,
      hasUse: true,
    });
    return verdict.kind === "storable";
  }

  /** Returns how long the response may be used without validation, in seconds. */
  lifetime(): number {
    return this.#terms.alwaysValidate ? 0 : this.#terms.lifetimeSeconds;
  }

  age(): number {
    return ageSeconds(this.#stored.metadata, this.#terms, this.#question.atMs);
  }

  verdict(): "use" | "use-and-refresh" | "ask" | "refuse" {
    const verdict = decide({ stored: this.#stored, tier: "memory" }, this.#question);
    switch (verdict.kind) {
      case "serve":
        return "use";
      case "serve-stale":
        return verdict.by === "stale-while-revalidate" ? "use-and-refresh" : "use";
      case "gateway-timeout":
        return "refuse";
      case "validate":
      case "forward":
        return "ask";
      default:
        return unreachable(verdict);
    }
  }

  "on-error"(): boolean {
    const candidate = { stored: this.#stored, tier: "memory" } as const;
    return decideOnError(candidate, this.#question) !== undefined;
  }

  selects(): boolean {
    const { stored, asked } = fieldsIn.selecting(this.#exchange);
    const names = selectingFieldNames(fieldsIn.vary(this.#exchange));
    return selects(selectingValues(names, stored), asked);
  }

  /** Returns the conditional fields of a validation. */
  conditions(): (string | null)[] {
    const client = fieldsIn.asks(this.#exchange);
    const keyed = keyUrl(readTarget("https://www.example.com/"), route, { config, nameSecret });
    const { forwarded } = keyedAs(
      { headers: client },
      { keyed, route },
      { config, address: undefined },
    );
    const sent = forwarded.toHeaders(conditionalFields(fieldsOf(this.#stored.metadata)));
    return [sent.get("if-none-match"), sent.get("if-modified-since")];
  }

  freshens(): boolean {
    return freshensWhatWasSent(
      fieldsIn.notModified(this.#exchange),
      fieldsOf(this.#stored.metadata),
    );
  }

  /** Returns the updated fields as lines, sorted by name. */
  freshened(): string[] {
    const { stored, newer } = this.#exchange.update;
    const fields = freshenedFields(Object.entries(stored), Object.entries(newer));
    return fields.map(([name, value]) => `${name}: ${value}`).sort();
  }

  get #terms() {
    return termsOf(this.#stored.metadata, this.#route);
  }

  get #question(): VerdictQuestion {
    const directives = requestDirectives(fieldsIn.asks(this.#exchange));
    return {
      request: {
        route: this.#route,
        directives,
        hasUnknownCookie: false,
        forwarded: { credentials: [] },
      },
      exchange: {
        colo: () => "HAM",
        site: { config, view: noJournal, invalidations: new Invalidations() },
      },
      atMs: receivedAtMs + this.#exchange.restedSeconds * 1_000,
    };
  }
}
