// Opens the hooks in an isolate: a route for each sender, and their findings.
import type { OpenPart } from "../../admin/open-part.ts";
import type { PartHost } from "../../part/contents.ts";
import { hookMapping } from "./hook-findings.ts";
import type { WebhookSender } from "./port/hook.ts";
import { receiver } from "./receiver.ts";

export function openHooks(
  host: PartHost,
  senders: Readonly<Record<string, WebhookSender>>,
): OpenPart {
  const hooks = new Map(
    Object.entries(senders).map(([name, sender]) => [name, sender.open(name, host.env)] as const),
  );
  const received = receiver(host, "hook");
  return {
    faults: [...hooks.values()].flatMap(({ faults }) => faults),
    addWithoutToken(admin, requesterOf) {
      for (const [name, hook] of hooks) {
        admin.post(`/hooks/${name}`, (context) =>
          received(context.req.raw, { name, hook }, requesterOf(context)),
        );
      }
    },
    stats: () => ({ configuredHooks: [...hooks.keys()] }),
    findings: ({ atMs }) => hookMapping(hooks, atMs),
  };
}
