// The finding on pages whose nonce cannot be replaced.
import type { OpenPart, PartHost } from "../../admin/part-contents.ts";
import { isoOf } from "../../base/iso-date.ts";
import { aboutRoute } from "../../protocol/finding.ts";

/** The reasons for which a nonce cannot be replaced. */
export type NonceFault = "charset" | "coding" | "form";

interface State {
  readonly notes: Pick<PartHost["site"]["notes"], "recent">;
}

/** Opens the finding. */
export const findingsOfNonces = ({ site: { notes } }: { readonly site: State }): OpenPart => ({
  findings: (atMs) =>
    notes.recent("nonce-unreplaced", atMs).map(({ route, entries, sinceAtMs }) => ({
      code: "nonce-unreplaced",
      level: "warning",
      about: aboutRoute(route),
      since: isoOf(sinceAtMs),
      values: { faults: entries },
    })),
});
