// The last answers of one isolate, and the last requests that bypassed the cache, by named URL. Each answer is also
// noted for findings.
import { BoundedMarks } from "../../../base/bounded-map.ts";
import { nameSetBy } from "../../../routing/cookies.ts";
import type { TierChange } from "../../../observe/decision.ts";
import type { AnswersPort, LastPass } from "../../../pages/site/answers-port.ts";
import type { StoredMetadata } from "../../../pages/stored/stored-response.ts";
import type { PendingRequest } from "../../../pages/reuse/pending-request.ts";
import type { RuleAndNames } from "../../../rules/cache-status.ts";
import { noteAnswer } from "./answer-notes.ts";

const tellingFields: ReadonlySet<string> = new Set([
  "age",
  "cache-control",
  "date",
  "etag",
  "expires",
  "last-modified",
  "pragma",
  "surrogate-control",
  "vary",
]);

/** The size limit of each kind, because clients can cause notes of both kinds. */
const bytesMax = 524_288;

/** An answer of the origin to GET. */
export interface LastAnswer {
  /** Metadata with only the caching fields, and without tags and selecting values. */
  readonly metadata: StoredMetadata;
  /** The reason why the answer was not stored; `undefined` if it was stored. */
  readonly refused: RuleAndNames | undefined;
  /**
   * Whether `Cache-Status` reported `stored`. The field is sent before the body is complete, so the
   * write may still have failed.
   */
  readonly isReportedStored: boolean;
  /** Whether the client's copy got `private`, which the origin had not sent. */
  readonly isMadePrivate: boolean;
  /** The results of the writes to tiers. */
  readonly changes: readonly TierChange[];
}

export class LastAnswers implements AnswersPort {
  readonly #answered = new BoundedMarks<LastAnswer>(bytesMax, ({ metadata, refused }) =>
    [metadata.statusText, ...metadata.fields, refused?.names].join(),
  );
  readonly #passed = new BoundedMarks<LastPass>(bytesMax);

  /** The number of answers that are remembered. */
  get count(): number {
    return this.#answered.count;
  }

  answered(
    metadata: StoredMetadata,
    pending: PendingRequest,
    additions: Parameters<AnswersPort["answered"]>[2] = {},
  ): void {
    noteAnswer(metadata, pending);
    const { request, exchange } = pending;
    const { decision } = exchange;
    if (request.method !== "GET" || request.content !== undefined) return;
    const { fields } = metadata;
    const { refused = decision.refused, cookies = [], isMadePrivate = false } = additions;
    const telling = fields.filter(
      ([name]) => tellingFields.has(name) || name.endsWith("-cache-control"),
    );
    const bodyBytes = metadata.bodyBytes ?? decision.bodyBytes;
    const isSent = decision.outcome === "stored" || decision.outcome === "validated";
    const nothing = { tags: [], withheldTags: [], selecting: [] };
    this.#answered.set(request.url, {
      metadata: { ...metadata, ...nothing, bodyBytes, fields: telling },
      // A value may identify a session.
      refused:
        refused?.rule === "set-cookie"
          ? { ...refused, names: cookies.flatMap((line) => nameSetBy(line) ?? []) }
          : refused,
      isReportedStored: isSent && additions.refused === undefined && !decision.isRefresh,
      isMadePrivate,
      changes: decision.changes,
    });
  }

  passed(url: string, pass: LastPass): void {
    this.#passed.set(url, pass);
  }

  answerOf(url: string): LastAnswer | undefined {
    return this.#answered.peek(url);
  }

  passOf(url: string): LastPass | undefined {
    return this.#passed.peek(url);
  }
}
