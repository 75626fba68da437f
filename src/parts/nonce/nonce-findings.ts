// The finding on pages whose nonce cannot be replaced.
import type { OpenPart } from "../../admin/open-part.ts";
import { isoOf } from "../../base/iso-date.ts";
import type { PartHost } from "../../part/contents.ts";
import { aboutRoute } from "../../protocol/finding.ts";

/** The reasons for which a nonce cannot be replaced, with the fix of each. */
export const faults = {
  charset: "Their bodies are in UTF-16. Let the origin send UTF-8.",
  coding: "Their bodies have a Content-Encoding. Let the origin obey Accept-Encoding: identity.",
  form: "Their nonce is not base64 of 16 to 128 characters. Let the origin draw such a one for each answer.",
} as const;

export type NonceFault = keyof typeof faults;

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
      what: `Pages of ${aboutRoute(route)} are not stored, because nonce() cannot replace their nonce. Each client waits for the origin.`,
      since: isoOf(sinceAtMs),
      cause: "Two clients must not get the same nonce.",
      remedy: entries.map((fault) => faults[fault as NonceFault]).join(" "),
    })),
});
