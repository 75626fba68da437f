// Takes the stamp, clock and colo before a value is loaded or written (rule 1 of the purge
// protocol).
import type { PurgeView } from "../../purge/view/view.ts";
import type { LoadStart } from "./make-record.ts";
import type { StoreOrder } from "./store-order.ts";

export interface BeginPorts {
  readonly view: Pick<PurgeView, "stamp">;
  /** The location that loads values here. */
  readonly colo: () => string;
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  readonly stores: StoreOrder;
}

/**
 * Takes the stamp, the colo and the clock. Every later purge covers values that are loaded after
 * this call.
 *
 * @param host the host under which the colo keeps copies of the view
 */
export async function begin(host: string, ports: BeginPorts): Promise<LoadStart> {
  const { view, colo, nowAtMs, afterAnswer, stores } = ports;
  const stamp = await view.stamp({ atMs: nowAtMs(), host, afterAnswer });
  return { stamp, colo: colo(), requestedAtMs: nowAtMs(), order: stores.begin() };
}
