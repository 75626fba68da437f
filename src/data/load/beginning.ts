// Takes the stamp, clock and colo before a value is loaded or written (rule 1 of the purge
// protocol).
import type { PurgeView } from "../../purge/view/view.ts";
import type { LoadStart } from "./make-record.ts";
import type { StoreOrder } from "./store-order.ts";

export interface BeginPorts {
  readonly view: Pick<PurgeView, "stamp">;
  /** Returns the location of this isolate. */
  readonly colo: () => string;
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  readonly stores: StoreOrder;
}

/**
 * Takes the stamp, the colo and the clock. If a key is purged after this call, the purge also covers a
 * value whose load or write begins with this call's result.
 *
 * @param host the host under which the colo keeps copies of the view
 * @param how as in `PurgeView.stamp`
 */
export async function begin(
  host: string,
  ports: BeginPorts,
  how?: { readonly onPrimary: boolean },
): Promise<LoadStart> {
  const { view, colo, nowAtMs, afterAnswer, stores } = ports;
  const stamp = await view.stamp({ atMs: nowAtMs(), host, afterAnswer }, how);
  return { stamp, colo: colo(), requestedAtMs: nowAtMs(), order: stores.begin() };
}
