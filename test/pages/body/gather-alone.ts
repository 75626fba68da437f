// Gathers a body that no other request reads, and that cannot be continued.
import { gather, type GatherPlan, type GatherResult } from "../../../src/pages/body/gather.ts";
import { Relay } from "../../../src/pages/body/relay.ts";

/** Gathers like `gather`, and then ends the relay. */
export function gatherAlone(
  plan: Omit<GatherPlan, "relay" | "continuation" | "betweenBytesMs" | "isAwaited">,
): Promise<GatherResult> {
  const { bufferBytes: bytesMax, budget, bodyBytes } = plan;
  const betweenBytesMs = 30_000;
  const relay = new Relay({ bytesMax, budget, bodyBytes, nowAtMs: () => 0, mayResume: false });
  const nowhere = () => Promise.resolve(undefined);
  const continuation = { ofStored: nowhere, ofOrigin: nowhere };
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
