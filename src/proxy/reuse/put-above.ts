// Puts what a lower tier had into the tiers above it, with the marker that leads to it.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierName } from "../../config/config.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { isErrorStatus } from "../../http/fields.ts";
import type { Asked } from "../request/plan.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import type { ResponseRecord, Tiers } from "../stored/tiers.ts";
import { newestMarker } from "./vary-markers.ts";
import type { Candidate } from "./verdict.ts";

/** A look-up that has brought something up, as far as that has to be known here. */
interface Looked {
  readonly asked: Asked;
  readonly key: RecordKey;
  readonly marker: VaryMarker | undefined;
  readonly atMs: number;
  readonly ports: {
    readonly tiers: Tiers;
    readonly nowAtMs: () => number;
    readonly afterAnswer: (work: () => Promise<void>) => void;
  };
}

/** Memory has it when this returns; the edge tier is written behind the answer. */
export function putAbove(
  above: readonly Exclude<TierName, "shared">[],
  { stored, tier }: Candidate,
  { asked, key, marker, atMs, ports }: Looked,
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
