// Puts what a lower tier had into the tiers above it, with the marker that leads to it.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierName } from "../../config/config.ts";
import { isErrorStatus } from "../../http/fields.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import type { ResponseRecord, Tiers } from "../stored/tiers.ts";
import type { SoFar } from "./shared-look.ts";
import { type MarkerPorts, newestMarker } from "./vary-markers.ts";
import type { Candidate } from "./verdict.ts";

/** What `putAbove` works with. */
export interface PutAbovePorts extends MarkerPorts {
  readonly tiers: Tiers;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** Memory has it when this returns; the edge tier is written behind the answer. */
export function putAbove(
  above: readonly Exclude<TierName, "shared">[],
  { stored, tier }: Candidate,
  { asked, key, marker, atMs, ports }: SoFar<PutAbovePorts>,
): void {
  const untilAtMs = keepUntilAtMs(stored.metadata, termsOf(stored.metadata, asked.route));
  const leadsToError = isErrorStatus(stored.metadata.status);
  const how = { body: "new", isAskedAgain: tier === "edge", leadsToError } as const;
  const records: [RecordKey, ResponseRecord][] = [[key, { kind: "response", stored }]];
  const newest = marker && newestMarker(asked.key, marker, ports);
  if (newest !== undefined) records.push([asked.key, newest]);
  for (const name of above.filter((each) => asked.route.tiers.includes(each))) {
    for (const [at, record] of records) {
      const written = ports.tiers[name].write(at, record, { ...how, atMs, untilAtMs });
      if (written instanceof Promise) ports.afterAnswer(async () => void (await written));
    }
  }
}
