// Gathers a body that no other request reads, and that cannot be continued.
import { gather, type GatherPlan, type GatherResult } from "../../src/bodies/gather.ts";
import { Relay } from "../../src/bodies/relay.ts";

/**
 * Gathers like `gather`, and then ends the relay.
 *
 * @param plan.isOverdue whether the time for work without a client is over
 * @param plan.endsWithClient whether the runtime ends a request soon after its client has left
 */
export function gatherAlone(
  plan: Omit<GatherPlan, "relay" | "continuation" | "betweenBytesMs" | "isAwaited"> & {
    readonly isOverdue?: boolean;
    readonly endsWithClient?: boolean;
  },
): Promise<GatherResult> {
  const { bufferBytes: bytesMax, budget, bodyBytes, endsWithClient = false } = plan;
  const betweenBytesMs = 30_000;
  let nowMs = 0;
  const nowAtMs = () => nowMs;
  const limits = { bytesMax, budget, bodyBytes, nowAtMs, mayResume: false, endsWithClient };
  const relay = new Relay(limits);
  if (plan.isOverdue === true) nowMs = 25_001;
  const nowhere = () => Promise.resolve(undefined);
  const continuation = { ofStored: nowhere, ofOrigin: nowhere, together: nowhere };
  const gathering = gather({
    ...plan,
    relay,
    continuation,
    betweenBytesMs,
    isAwaited: () => false,
  });
  void gathering.then(() => relay.settle(false));
  return gathering;
}
