// Makes a webhook sender from its scheme.
import { isFault } from "../base/operator-error.ts";
import { hookSecretsOf } from "../protocol/variables/hook-secrets.ts";
import type { WebhookSender } from "./port/hook.ts";
import type { WebhookScheme } from "./port/scheme.ts";
import { Mapping } from "./mapping.ts";
import { receive } from "./receive.ts";

/**
 * Makes a sender for `hooks` in the configuration.
 *
 * @example
 * hooks: { shop: webhookSender({ claimOf, toOrder }) }
 */
export function webhookSender(scheme: WebhookScheme): WebhookSender {
  return {
    open(name, env) {
      const { secrets, faults } = hookSecretsOf(name, env);
      const mapping = new Mapping(name, scheme);
      const hook = { name, scheme, secrets, mapping };
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
