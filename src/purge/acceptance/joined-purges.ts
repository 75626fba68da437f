// Writes into the purge journal what answers to unsafe methods invalidate. All of a second goes into
// one entry, so that an isolate writes one a second at the most, however many answers there are. An
// entry stands after the answers that named its targets.
import { JoinedBatches } from "../../joined-batches.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Acceptances } from "./acceptance.ts";
import { byInvalidation } from "../journal/entry.ts";
import type { Attention } from "../view/view.ts";
import { BoundedTargets, type WidenableTarget } from "./bounded-targets.ts";

export interface JoinedPurgesSettings {
  readonly acceptances: Pick<Acceptances, "accept">;
  readonly metrics: Pick<Metrics, "invalidated">;
  readonly nowAtMs: () => number;
  readonly log: (line: string) => void;
}

/** From one entry to the next. */
export const joinMs = 1_000;

/** All of a purge but its targets. */
const byAnswers = {
  id: "",
  bodyDigest: "",
  by: byInvalidation,
  reason: "RFC 9111 §4.4",
  mode: "hard",
} as const;

/** How many targets a line of the log names. */
const namedMax = 3;

export class JoinedPurges {
  readonly #settings: JoinedPurgesSettings;
  readonly #batches: JoinedBatches<BoundedTargets>;

  constructor(settings: JoinedPurgesSettings) {
    this.#settings = settings;
    const { acceptances, metrics, nowAtMs } = settings;
    this.#batches = new JoinedBatches({
      joinMs,
      nowAtMs,
      begun: () => new BoundedTargets(),
      send: async ({ tags }, afterAnswer) => {
        const order = { ...byAnswers, targets: { tags, prefixes: [] } };
        const accepted = await acceptances.accept(order, { atMs: nowAtMs(), afterAnswer });
        if (accepted.kind === "accepted") metrics.invalidated("purged");
        return accepted.kind === "accepted";
      },
      givenUp: ({ tags }) => this.#tellGivenUp(tags),
    });
  }

  /**
   * Has them purged, hard: `joinMs` and an append later at the most, while the journal can be
   * reached. Nobody waits for it.
   *
   * @param targets of one answer, which has come; none is nothing to do
   */
  add(targets: readonly WidenableTarget[], { afterAnswer }: Attention): void {
    if (targets.length === 0) return;
    const { metrics } = this.#settings;
    this.#batches.add((bounded) => {
      for (const target of targets) {
        metrics.invalidated("named");
        if (bounded.add(target) === "wider") metrics.invalidated("widened");
      }
    }, afterAnswer);
  }

  #tellGivenUp(tags: readonly string[]): void {
    const { metrics, log } = this.#settings;
    for (const _ of tags) metrics.invalidated("failed");
    // What a query holds may be for nobody's eyes.
    const withoutQueries = tags.slice(0, namedMax).map((tag) => tag.replace(/\?.*$/s, "?…"));
    const named = withoutQueries.join(", ");
    const more = tags.length > namedMax ? ` and ${tags.length - namedMax} more` : "";
    log(
      `The purge journal did not take what answers invalidated: ${named}${more}. ` +
        "Other places keep it until it expires; purge it once the journal is back.",
    );
  }
}
